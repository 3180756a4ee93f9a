"""An access token is good for as long as its session is open, its account may sign in, and whom it
acts for is there.

Each request asks the database, so signing out, a new password and a disabled account count at once,
in every process.
"""

from fastapi import FastAPI
from sqlalchemy import select

from app.account_store import Account, SignIn, may_sign_in
from app.accounts import Desk
from app.database import Database
from app.keys import Caller
from app.models import ApiKey
from app.settings import Settings


async def find(desk: Desk, database: Database, token: str) -> Caller | None:
    """Who sent this access token, if its session goes on."""
    claims = desk.read(token)
    if claims is None:
        return None
    # Whom it acts for may be somebody else, whose data was deleted.
    query = (
        select(Account)
        .join(SignIn)
        .join(ApiKey, ApiKey.id == claims["key"])
        .where(SignIn.id == claims["session"])
    )
    async with database.reading() as session:
        account = await session.scalar(query)
    return None if account is None or not may_sign_in(account) else desk.person(claims)


def install(app: FastAPI, _: Settings) -> None:
    place = app.state.callers.index(app.state.accounts.caller)
    app.state.callers[place] = lambda token: find(app.state.accounts, app.state.database, token)
