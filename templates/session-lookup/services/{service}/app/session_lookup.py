"""An access token is good for as long as its session is open, its account may sign in, and the
session acts for whom the token says; a role is what it is now.

Each request asks the database, so signing out, a new password and a disabled account count at once,
in every process.
"""

from fastapi import FastAPI
from sqlalchemy import select

from app.account_store import Account, Session, SignIn, may_sign_in
from app.accounts import Desk
from app.database import Database
from app.keys import Caller
from app.settings import Settings


async def find(desk: Desk, database: Database, token: str) -> Caller | None:
    """Who sent this access token, if its session goes on."""
    claims = desk.read(token)
    if claims is None:
        return None
    query = select(Account).join(SignIn).where(SignIn.id == claims["session"])
    async with database.reading() as session:
        account = await session.scalar(query)
    if account is None or not may_sign_in(account):
        return None
    now = await desk.claims(Session(claims["session"], account, refresh_token=""))
    return desk.person({**claims, **now}) if now["key"] == claims["key"] else None


def install(app: FastAPI, _: Settings) -> None:
    place = app.state.callers.index(app.state.accounts.caller)
    app.state.callers[place] = lambda token: find(app.state.accounts, app.state.database, token)
