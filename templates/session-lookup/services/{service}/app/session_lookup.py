"""An access token is good for as long as its session is open and its account may sign in.

Each request asks the database, so signing out, a new password and a disabled account count at once,
in every process.
"""

from fastapi import FastAPI

from app.accounts import Desk
from app.keys import Caller
from app.models import utcnow
from app.settings import Settings


async def find(desk: Desk, token: str) -> Caller | None:
    """Who sent this access token, if its session goes on."""
    claims = desk.access.read(token, utcnow())
    if claims is None or not await desk.accounts.is_open(claims["session"]):
        return None
    return await desk.caller(token)


def install(app: FastAPI, _: Settings) -> None:
    app.state.callers.remove(app.state.accounts.caller)
    app.state.callers.append(lambda token: find(app.state.accounts, token))
