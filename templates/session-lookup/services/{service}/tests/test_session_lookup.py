from collections.abc import Awaitable, Callable
from uuid import uuid4

import httpx2
import pytest
from argon2 import PasswordHasher
from fastapi import FastAPI

from app.account_store import Account, Accounts, Passwords, Session
from app.accounts import Desk
from app.database import Database
from app.keys import ApiKeys
from app.settings import Settings

PASSWORD = "correct horse battery staple"

type End = Callable[[Accounts, Session], Awaitable[object]]


@pytest.fixture
def desk(app: FastAPI, database: Database, settings: Settings) -> Desk:
    """With a hash that is quick."""
    desk: Desk = app.state.accounts
    quick = Passwords(PasswordHasher(time_cost=1, memory_cost=8, parallelism=1))
    desk.accounts = Accounts(database, settings.secret_key, quick, ["inference"])
    return desk


@pytest.fixture
async def ada(desk: Desk) -> Account:
    account = await desk.accounts.create(f"{uuid4().hex}@example.com", PASSWORD)
    assert account is not None
    await desk.accounts.confirm(account.id)
    return account


async def status(client: httpx2.AsyncClient, desk: Desk, session: Session) -> int:
    token = (await desk.tokens(session)).access_token
    headers = {"Authorization": f"Bearer {token}"}
    return (await client.get("/v1/models", headers=headers)).status_code


@pytest.mark.parametrize(
    "end",
    [
        lambda accounts, session: accounts.sign_out(session.refresh_token),
        lambda accounts, session: accounts.disable(session.account.email),
        lambda accounts, session: accounts.set_password(session.account, PASSWORD[::-1]),
    ],
    ids=["signed out", "disabled", "another password"],
)
async def test_a_session_that_ended_is_refused_at_once(
    client: httpx2.AsyncClient, desk: Desk, ada: Account, end: End
) -> None:
    session = await desk.accounts.sign_in(ada.email, PASSWORD)
    assert session is not None
    assert await status(client, desk, session) == 200
    await end(desk.accounts, session)
    assert await status(client, desk, session) == 401


async def test_other_sessions_go_on(client: httpx2.AsyncClient, desk: Desk, ada: Account) -> None:
    ended = await desk.accounts.sign_in(ada.email, PASSWORD)
    other = await desk.accounts.sign_in(ada.email, PASSWORD)
    assert ended is not None
    assert other is not None
    await desk.accounts.sign_out(ended.refresh_token)
    assert await status(client, desk, other) == 200
    renewed = await desk.accounts.refresh(other.refresh_token)
    assert renewed is not None
    assert await status(client, desk, renewed) == 200


async def test_a_token_is_looked_for_among_sessions_alone(
    client: httpx2.AsyncClient, desk: Desk, ada: Account, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def find(_: ApiKeys, key: str) -> None:
        pytest.fail(f"{key} is no API key")

    monkeypatch.setattr(ApiKeys, "find", find)
    session = await desk.accounts.sign_in(ada.email, PASSWORD)
    assert session is not None
    assert await status(client, desk, session) == 200


async def test_what_is_no_token_is_nobody(client: httpx2.AsyncClient, auth: dict[str, str]) -> None:
    assert (await client.get("/v1/models", headers=auth)).status_code == 200
    wrong = {"Authorization": "Bearer not-a-token"}
    assert (await client.get("/v1/models", headers=wrong)).status_code == 401
