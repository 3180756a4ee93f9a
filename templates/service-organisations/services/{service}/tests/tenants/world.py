"""Two tenants who know nothing of each other, as clients of one service."""

import secrets
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import httpx2
from fastapi import FastAPI

from app.account_store import Account, Session
from app.accounts import STAFF
from app.keys import SCOPES
from app.organisation_store import Membership, Organisation
from app.tenants import MemberRole

if TYPE_CHECKING:
    from app.organisations import OrganisationDesk

PASSWORD = "correct horse battery staple"


@dataclass
class Client:
    """Somebody who calls."""

    http: httpx2.AsyncClient
    credentials: str | None

    async def call(self, method: str, path: str, body: object = None) -> httpx2.Response:
        headers = {"Authorization": f"Bearer {self.credentials}"} if self.credentials else {}
        content: dict[str, Any] = {} if body is None else {"json": body}
        return await self.http.request(method, path, headers=headers, **content)

    async def get(self, path: str) -> Any:
        answer = await self.call("GET", path)
        assert answer.status_code == 200, answer.text
        return answer.json()

    async def status(self, method: str, path: str, body: object = None) -> int:
        return (await self.call(method, path, body)).status_code


@dataclass
class Person(Client):
    """Whom the credentials are an access token of."""

    account: Account
    session: Session


@dataclass
class Tenant:
    """An organisation; its people act for it."""

    organisation: Organisation
    owner: Person
    admin: Person
    member: Person
    machine: Client

    @property
    def path(self) -> str:
        return f"/v1/organisations/{self.organisation.id}"


class World:
    def __init__(self, app: FastAPI, http: httpx2.AsyncClient) -> None:
        self.app = app
        self.http = http
        self.desk: OrganisationDesk = app.state.accounts

    def client(self, credentials: str | None) -> Client:
        return Client(self.http, credentials)

    async def person(self, email: str | None = None) -> Person:
        """Who signed up, and acts for nobody else."""
        accounts = self.desk.accounts
        account = await accounts.create(email or f"{secrets.token_hex(6)}@example.com", PASSWORD)
        assert account is not None
        await accounts.confirm(account.id)
        session = await accounts.sign_in(account.email, PASSWORD)
        assert session is not None
        tokens = await self.desk.tokens(session)
        return Person(self.http, tokens.access_token, session.account, session)

    async def refreshed(self, person: Person) -> int:
        """The status of going on with that session."""
        body = {"refresh_token": person.session.refresh_token}
        return await self.client(None).status("POST", "/v1/sessions/refresh", body)

    async def acting(self, person: Person, organisation: Organisation) -> Person:
        """The same, who acts for the organisation from now on."""
        answer = await person.call(
            "PUT", "/v1/account/organisation", {"organisation": organisation.id}
        )
        assert answer.status_code == 200, answer.text
        return Person(self.http, answer.json()["access_token"], person.account, person.session)

    async def member(self, organisation: Organisation, role: MemberRole) -> Person:
        person = await self.person()
        async with self.app.state.database.session() as session:
            session.add(
                Membership(organisation_id=organisation.id, account_id=person.account.id, role=role)
            )
        return await self.acting(person, organisation)

    async def tenant(self, name: str = "Acme") -> Tenant:
        founder = await self.person()
        organisation = await self.desk.organisations.create(founder.account.id, name)
        owner = await self.acting(founder, organisation)
        return Tenant(
            organisation,
            owner,
            await self.member(organisation, MemberRole.ADMIN),
            await self.member(organisation, MemberRole.MEMBER),
            await self.machine(owner, organisation),
        )

    async def machine(self, by: Person, organisation: Organisation) -> Client:
        body = {"name": "machine", "scopes": sorted(SCOPES - STAFF)}
        answer = await by.call("POST", f"/v1/organisations/{organisation.id}/keys", body)
        assert answer.status_code == 201, answer.text
        return self.client(answer.json()["key"])
