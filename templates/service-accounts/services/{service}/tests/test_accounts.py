import asyncio
import logging
from collections.abc import Awaitable, Callable
from datetime import timedelta

import httpx2
import pytest
from argon2 import PasswordHasher
from fastapi import FastAPI
from pydantic import SecretStr, ValidationError
from sqlalchemy import func, select, update

from app import accounts as routes
from app.__main__ import main
from app.account_store import Account, Accounts, Passwords, SignIn
from app.accounts import ACCESS, STAFF, AccountSettings, Desk
from app.database import Database
from app.keys import SCOPES, ApiKeys
from app.models import ApiKey, utcnow
from app.settings import Settings
from app.tokens import Tokens

ADA = {"email": "ada@example.com", "password": "correct horse battery staple"}
OTHER = "another horse, another staple"


class Mailbox:
    """What was sent, instead of sending it: address, subject, first line."""

    def __init__(self) -> None:
        self.sent: list[tuple[str, str, str]] = []

    async def send(self, to: str, subject: str, text: str) -> None:
        self.sent.append((to, subject, text.partition("\n")[0]))

    @property
    def token(self) -> str:
        return self.sent[-1][2]


@pytest.fixture
def desk(app: FastAPI, database: Database, settings: Settings) -> Desk:
    """With a hash that is quick."""
    desk: Desk = app.state.accounts
    quick = Passwords(PasswordHasher(time_cost=1, memory_cost=8, parallelism=1))
    desk.accounts = Accounts(database, settings.secret_key, quick, SCOPES - STAFF)
    return desk


@pytest.fixture
async def mailbox(desk: Desk, database: Database, monkeypatch: pytest.MonkeyPatch) -> Mailbox:
    """Of a service that nobody has signed up to."""
    async with database.session() as session:
        for account in await session.scalars(select(Account)):
            await session.delete(account)
    mailbox = Mailbox()
    monkeypatch.setattr(desk, "mail", mailbox)
    return mailbox


@pytest.fixture
async def ada(client: httpx2.AsyncClient, mailbox: Mailbox) -> dict[str, str]:
    """Signed up, confirmed, and signed in: the tokens."""
    await client.post("/v1/accounts", json=ADA)
    await client.post("/v1/accounts/confirm", json={"token": mailbox.token})
    return await signed_in(client)


async def signed_in(client: httpx2.AsyncClient, password: str = ADA["password"]) -> dict[str, str]:
    answer = await client.post("/v1/sessions", json=ADA | {"password": password})
    assert answer.status_code == 200, answer.text
    tokens: dict[str, str] = answer.json()
    return tokens


def bearer(tokens: dict[str, str]) -> dict[str, str]:
    return {"Authorization": f"Bearer {tokens['access_token']}"}


async def refreshed(client: httpx2.AsyncClient, tokens: dict[str, str]) -> httpx2.Response:
    body = {"refresh_token": tokens["refresh_token"]}
    return await client.post("/v1/sessions/refresh", json=body)


async def test_who_signs_in_calls_the_api_with_a_token(
    client: httpx2.AsyncClient, database: Database, ada: dict[str, str]
) -> None:
    assert (await client.get("/v1/models", headers=bearer(ada))).status_code == 200
    me = (await client.get("/v1/account", headers=bearer(ada))).json()
    assert me["email"] == ADA["email"]
    assert set(me["scopes"]) == SCOPES - STAFF
    async with database.reading() as session:
        key = await session.get_one(ApiKey, me["key_id"])
    assert key.name == me["id"]


async def test_nobody_signs_in_before_the_address_is_confirmed(
    client: httpx2.AsyncClient, mailbox: Mailbox
) -> None:
    assert (await client.post("/v1/accounts", json=ADA)).status_code == 202
    assert (await client.post("/v1/sessions", json=ADA)).status_code == 401
    confirm = {"token": mailbox.token}
    assert (await client.post("/v1/accounts/confirm", json=confirm)).status_code == 204
    assert (await client.post("/v1/sessions", json=ADA)).status_code == 200
    assert (await client.post("/v1/accounts/confirm", json=confirm)).status_code == 422


async def test_signing_up_again_looks_the_same_and_changes_nothing(
    client: httpx2.AsyncClient, mailbox: Mailbox, ada: dict[str, str]
) -> None:
    again = ADA | {"email": " ADA@example.com".strip(), "password": OTHER}
    first, second = [
        await client.post("/v1/accounts", json=body)
        for body in (again, {"email": "new@example.com", "password": OTHER})
    ]
    assert (first.status_code, first.content) == (second.status_code, second.content)
    assert [subject for _, subject, _ in mailbox.sent[-2:]] == [
        "You have an account",
        "Confirm your address",
    ]
    await signed_in(client)
    assert (await client.post("/v1/sessions", json=again)).status_code == 401


async def test_what_happens_to_an_account_is_told_without_its_address(
    client: httpx2.AsyncClient, mailbox: Mailbox, desk: Desk, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO, "app.events")
    await client.post("/v1/accounts", json=ADA)
    await client.post("/v1/accounts/confirm", json={"token": mailbox.token})
    account = await desk.accounts.by_email(ADA["email"])
    assert account is not None
    first = await signed_in(client)
    second = (await refreshed(client, first)).json()
    assert (await refreshed(client, first)).status_code == 401
    await client.post("/v1/sessions/end", json={"refresh_token": second["refresh_token"]})
    for address in (ADA["email"], "nobody@example.com"):
        await client.post("/v1/sessions", json={"email": address, "password": "wrong"})
    third = await signed_in(client)
    await client.post("/v1/sessions/end", json={"refresh_token": third["refresh_token"]})
    fourth = await signed_in(client)
    change = {"current": ADA["password"], "password": OTHER}
    await client.put("/v1/account/password", json=change, headers=bearer(fourth))
    await desk.accounts.disable(ADA["email"])
    await desk.accounts.enable(ADA["email"])
    told = [each for each in caplog.records if each.name == "app.events"]
    assert [(vars(each)["action"], vars(each)["actor"]) for each in told] == [
        ("account.created", None),
        ("account.confirmed", None),
        ("session.opened", None),
        ("session.copied", None),
        ("session.refused", None),
        ("session.refused", None),
        ("session.opened", None),
        ("session.ended", None),
        ("session.opened", None),
        ("password.changed", account.id),
        ("account.disabled", None),
        ("account.enabled", None),
    ]
    subjects = {vars(each)["subject"] for each in told}
    assert subjects == {account.id, "nobody"}


async def test_a_password_that_is_wrong_and_an_address_that_is_unknown_look_the_same(
    client: httpx2.AsyncClient, ada: dict[str, str]
) -> None:
    wrong, unknown = [
        await client.post("/v1/sessions", json=body)
        for body in (ADA | {"password": OTHER}, ADA | {"email": "nobody@example.com"})
    ]
    assert (wrong.status_code, wrong.content) == (401, unknown.content)


@pytest.mark.parametrize(
    "email",
    [
        "other,ada@example.com",
        "other;ada@example.com",
        "other<ada@example.com",
        "all:ada@example.com",
        "ada(other)@example.com",
        '"ada"@example.com',
        "a\\da@example.com",
        "=?utf-8?q?ada?=@example.com",
        "ada@[example.com]",
        "ada",
    ],
)
@pytest.mark.parametrize("path", ["/v1/accounts", "/v1/sessions", "/v1/passwords/reset"])
async def test_an_address_is_one_and_has_one_form(
    client: httpx2.AsyncClient, mailbox: Mailbox, path: str, email: str
) -> None:
    assert (await client.post(path, json=ADA | {"email": email})).status_code == 422
    assert not mailbox.sent


@pytest.mark.parametrize("password", ["short", "x" * 14, " " * 20, "x" * 201])
async def test_a_password_that_is_too_short_or_too_long_is_refused(
    client: httpx2.AsyncClient, mailbox: Mailbox, password: str
) -> None:
    answer = await client.post("/v1/accounts", json=ADA | {"password": password})
    assert answer.status_code == 422
    assert password not in answer.text or not password.strip()
    assert not mailbox.sent


async def test_a_password_is_kept_as_argon2id(
    database: Database, settings: Settings, mailbox: Mailbox
) -> None:
    accounts = Accounts(database, settings.secret_key, Passwords(), [])
    account = await accounts.create(ADA["email"], ADA["password"])
    assert account is not None
    assert account.password.startswith("$argon2id$v=19$m=65536,t=3,p=4$")
    assert await accounts.fits(account, ADA["password"])
    assert not await accounts.fits(account, OTHER)


async def test_a_refresh_token_is_used_once(
    client: httpx2.AsyncClient, ada: dict[str, str]
) -> None:
    next_tokens = (await refreshed(client, ada)).json()
    assert next_tokens["refresh_token"] != ada["refresh_token"]
    assert (await refreshed(client, next_tokens)).status_code == 200


async def test_a_refresh_token_that_comes_again_ends_its_session(
    client: httpx2.AsyncClient, ada: dict[str, str]
) -> None:
    another = await signed_in(client)
    next_tokens = (await refreshed(client, ada)).json()
    assert (await refreshed(client, ada)).status_code == 401
    assert (await refreshed(client, next_tokens)).status_code == 401
    assert (await refreshed(client, another)).status_code == 200


async def test_of_two_that_come_at_once_with_one_refresh_token_one_goes_on(
    client: httpx2.AsyncClient, ada: dict[str, str]
) -> None:
    answers = await asyncio.gather(refreshed(client, ada), refreshed(client, ada))
    assert sorted(answer.status_code for answer in answers) == [200, 401]


@pytest.mark.parametrize("token", ["", "x", "si_1.2.3", "\u00e9.\u00e9.\u00e9", "x" * 1001])
async def test_what_is_no_refresh_token_opens_and_ends_nothing(
    client: httpx2.AsyncClient, ada: dict[str, str], token: str
) -> None:
    assert (await refreshed(client, {"refresh_token": token})).status_code in {401, 422}
    ended = await client.post("/v1/sessions/end", json={"refresh_token": token})
    assert ended.status_code in {204, 422}
    assert (await refreshed(client, ada)).status_code == 200


async def test_a_session_that_was_ended_does_not_go_on(
    client: httpx2.AsyncClient, ada: dict[str, str]
) -> None:
    body = {"refresh_token": ada["refresh_token"]}
    assert (await client.post("/v1/sessions/end", json=body)).status_code == 204
    assert (await refreshed(client, ada)).status_code == 401
    assert (await client.post("/v1/sessions/end", json=body)).status_code == 204


async def test_a_session_that_was_not_used_for_long_does_not_go_on(
    client: httpx2.AsyncClient, database: Database, ada: dict[str, str]
) -> None:
    async with database.session() as session:
        await session.execute(update(SignIn).values(expires_at=utcnow()))
    assert (await refreshed(client, ada)).status_code == 401


async def test_an_access_token_holds_for_minutes(
    client: httpx2.AsyncClient, ada: dict[str, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    later = utcnow() + ACCESS
    monkeypatch.setattr(routes, "utcnow", lambda: later)
    assert (await client.get("/v1/models", headers=bearer(ada))).status_code == 401


async def test_no_token_passes_for_one_of_another_kind(
    client: httpx2.AsyncClient, mailbox: Mailbox, settings: Settings, ada: dict[str, str]
) -> None:
    await client.post("/v1/passwords/reset", json={"email": ADA["email"]})
    foreign = Tokens(SecretStr("x" * 40), "access", ACCESS).make(
        "us_1", utcnow(), key="ak_1", scope="inference"
    )
    for token in (mailbox.token, ada["refresh_token"], foreign, foreign.rpartition(".")[0] + "."):
        answer = await client.get("/v1/models", headers={"Authorization": f"Bearer {token}"})
        assert answer.status_code == 401
    for token in (ada["access_token"], mailbox.token):
        answer = await client.post("/v1/accounts/confirm", json={"token": token})
        assert answer.status_code == 422
    body = {"token": ada["access_token"], "password": OTHER}
    assert (await client.post("/v1/passwords", json=body)).status_code == 422


async def test_a_reset_sets_the_password_once_and_ends_all_sessions(
    client: httpx2.AsyncClient, mailbox: Mailbox, ada: dict[str, str]
) -> None:
    await client.post("/v1/passwords/reset", json={"email": ADA["email"]})
    body = {"token": mailbox.token, "password": OTHER}
    assert (await client.post("/v1/passwords", json=body)).status_code == 204
    assert (await refreshed(client, ada)).status_code == 401
    assert (await client.post("/v1/sessions", json=ADA)).status_code == 401
    await signed_in(client, OTHER)
    assert (await client.post("/v1/passwords", json=body)).status_code == 422


async def test_a_reset_for_a_stranger_looks_the_same_and_sends_nothing(
    client: httpx2.AsyncClient, mailbox: Mailbox, ada: dict[str, str]
) -> None:
    known, unknown = [
        await client.post("/v1/passwords/reset", json={"email": email})
        for email in (ADA["email"], "nobody@example.com")
    ]
    assert (known.status_code, known.content) == (unknown.status_code, unknown.content)
    assert mailbox.sent[-1][:2] == (ADA["email"], "Set a new password")


async def test_a_reset_token_holds_for_an_hour(
    client: httpx2.AsyncClient,
    mailbox: Mailbox,
    ada: dict[str, str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    await client.post("/v1/passwords/reset", json={"email": ADA["email"]})
    later = utcnow() + timedelta(hours=1)
    monkeypatch.setattr(routes, "utcnow", lambda: later)
    body = {"token": mailbox.token, "password": OTHER}
    assert (await client.post("/v1/passwords", json=body)).status_code == 422


async def test_a_password_is_changed_by_who_knows_it(
    client: httpx2.AsyncClient, ada: dict[str, str]
) -> None:
    async def change(current: str) -> int:
        body = {"current": current, "password": OTHER}
        answer = await client.put("/v1/account/password", json=body, headers=bearer(ada))
        return answer.status_code

    assert await change("a guess") == 403
    assert await change(ADA["password"]) == 204
    assert (await refreshed(client, ada)).status_code == 401
    await signed_in(client, OTHER)


async def test_a_reset_that_confirms_the_address_tells_so(
    client: httpx2.AsyncClient, mailbox: Mailbox, caplog: pytest.LogCaptureFixture
) -> None:
    await client.post("/v1/accounts", json=ADA)
    caplog.set_level(logging.INFO, "app.events")
    for confirms in (True, False):
        caplog.clear()
        await client.post("/v1/passwords/reset", json={"email": ADA["email"]})
        body = {"token": mailbox.token, "password": OTHER}
        assert (await client.post("/v1/passwords", json=body)).status_code == 204
        assert "password.changed" in caplog.text
        assert ("account.confirmed" in caplog.text) is confirms
    await signed_in(client, OTHER)


@pytest.mark.parametrize(
    "meanwhile",
    [
        lambda accounts, account: accounts.set_password(account, OTHER),
        lambda accounts, account: accounts.disable(account.email),
    ],
    ids=["another password", "disabled"],
)
async def test_what_changes_while_a_password_is_checked_counts(
    desk: Desk,
    database: Database,
    ada: dict[str, str],
    monkeypatch: pytest.MonkeyPatch,
    meanwhile: Callable[[Accounts, Account], Awaitable[bool]],
) -> None:
    fits = Passwords.fits

    async def slow(passwords: Passwords, hashed: str | None, password: str) -> bool:
        fitted = await fits(passwords, hashed, password)
        account = await desk.accounts.by_email(ADA["email"])
        assert account is not None
        assert await meanwhile(desk.accounts, account)
        return fitted

    monkeypatch.setattr(Passwords, "fits", slow)
    assert await desk.accounts.sign_in(**ADA) is None
    async with database.reading() as session:
        assert await session.scalar(select(func.count()).select_from(SignIn)) == 0


async def test_an_account_that_is_disabled_goes_nowhere(
    client: httpx2.AsyncClient, database: Database, mailbox: Mailbox, ada: dict[str, str]
) -> None:
    async with database.session() as session:
        await session.execute(update(Account).values(disabled_at=utcnow()))
    sent = len(mailbox.sent)
    await client.post("/v1/passwords/reset", json={"email": ADA["email"]})
    assert len(mailbox.sent) == sent
    assert (await client.get("/v1/account", headers=bearer(ada))).status_code in (401, 403)
    assert (await client.post("/v1/sessions", json=ADA)).status_code == 401
    assert (await refreshed(client, ada)).status_code == 401


async def test_an_account_is_disabled_and_enabled_by_a_command(
    client: httpx2.AsyncClient, ada: dict[str, str], capsys: pytest.CaptureFixture[str]
) -> None:
    async def command(*arguments: str) -> int:
        return await asyncio.to_thread(main, ["accounts", *arguments])

    assert await command("disable", "Ada@example.com") == 0
    await command("list")
    assert "\tdisabled\t" in capsys.readouterr().out
    assert (await refreshed(client, ada)).status_code == 401
    assert await command("enable", ADA["email"]) == 0
    await signed_in(client)
    assert await command("disable", "nobody@example.com") == 1
    assert "nobody@example.com has no account" in capsys.readouterr().err


async def test_an_api_key_is_no_person(
    client: httpx2.AsyncClient, keys: ApiKeys, auth: dict[str, str]
) -> None:
    assert (await client.get("/v1/account", headers=auth)).status_code == 403
    posing = await keys.issue("us_000000000000", ["inference"])
    answer = await client.get("/v1/account", headers={"Authorization": f"Bearer {posing}"})
    assert answer.status_code == 403


async def test_who_tries_passwords_is_stopped(
    client: httpx2.AsyncClient, ada: dict[str, str]
) -> None:
    for _ in range(routes.TRIES_OF_AN_ADDRESS):
        answer = await client.post("/v1/sessions", json=ADA | {"password": OTHER})
    answer = await client.post("/v1/sessions", json=ADA)
    assert answer.status_code == 429
    assert 0 < int(answer.headers["retry-after"]) <= 60
    other = ADA | {"email": "grace@example.com"}
    assert (await client.post("/v1/sessions", json=other)).status_code == 401


def test_mail_links_to_the_pages_that_are_set(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ACCOUNT_PAGES", "https://app.example.com")
    assert AccountSettings().link("reset", "to.k.en") == "https://app.example.com/reset#to.k.en"


def test_a_mail_server_that_cannot_be_is_refused_at_start(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("EMAIL_URL", "http://user:secret@example.com")
    with pytest.raises(ValidationError, match="EMAIL_URL must be such as") as error:
        AccountSettings()
    assert "secret" not in str(error.value)


@pytest.mark.parametrize("url", ["", "console:"])
def test_production_prints_no_mail(monkeypatch: pytest.MonkeyPatch, url: str) -> None:
    monkeypatch.delenv("APP_ENV")
    monkeypatch.setenv("EMAIL_URL", url)
    with pytest.raises(ValidationError, match="EMAIL_URL must name a mail server"):
        AccountSettings()
    monkeypatch.setenv("EMAIL_URL", "smtp+tls://me:secret@mail.example.com")
    AccountSettings()
