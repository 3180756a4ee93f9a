"""Nobody waits for a slow hash, and no mail is sent."""

import httpx2
import pytest
from argon2 import PasswordHasher
from fastapi import FastAPI

from app.account_store import Accounts, Passwords
from app.accounts import STAFF
from app.keys import SCOPES
from app.organisations import OrganisationDesk
from app.settings import Settings
from intelligence.api.rate_limits import RateLimits

from .world import Tenant, World


class Mailbox:
    """What was sent: address, subject, first line."""

    def __init__(self) -> None:
        self.sent: list[tuple[str, str, str]] = []

    async def send(self, to: str, subject: str, text: str) -> None:
        self.sent.append((to, subject, text.partition("\n")[0]))


@pytest.fixture
def desk(app: FastAPI, settings: Settings) -> OrganisationDesk:
    desk: OrganisationDesk = app.state.accounts
    quick = Passwords(PasswordHasher(time_cost=1, memory_cost=8, parallelism=1))
    desk.accounts = Accounts(app.state.database, settings.secret_key, quick, SCOPES - STAFF)
    desk.of_a_client = RateLimits(0)
    return desk


@pytest.fixture
def mailbox(desk: OrganisationDesk, monkeypatch: pytest.MonkeyPatch) -> Mailbox:
    mailbox = Mailbox()
    monkeypatch.setattr(desk, "mail", mailbox)
    return mailbox


@pytest.fixture
def world(
    app: FastAPI, client: httpx2.AsyncClient, desk: OrganisationDesk, mailbox: Mailbox
) -> World:
    return World(app, client)


@pytest.fixture
async def acme(world: World) -> Tenant:
    return await world.tenant()


@pytest.fixture
async def other(world: World) -> Tenant:
    """Another tenant."""
    return await world.tenant("Globex")
