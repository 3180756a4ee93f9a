"""Accounts over HTTP: sign-up with a confirmed address, sessions, passwords.

Who signs in gets a token that says who calls and holds for minutes, and a refresh token that is
used once, for the next two. What a stranger is told does not depend on whether an address has an
account.
"""

import argparse
import hashlib
import sys
from collections.abc import AsyncGenerator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import timedelta
from typing import Annotated, Any, Literal, Self

from fastapi import APIRouter, BackgroundTasks, Depends, FastAPI, HTTPException, Request
from pydantic import AfterValidator, BaseModel, Field, PrivateAttr, model_validator
from pydantic_settings import BaseSettings, SettingsConfigDict

from app.account_store import Account, Accounts, Passwords, Session, may_sign_in
from app.commands import COMMANDS, Commands, opened
from app.keys import SCOPES, Caller, refusal, require
from app.mail import Deliver, Mail, deliverer, printed
from app.models import utcnow
from app.settings import Settings
from app.tokens import Tokens
from intelligence.api.problems import responses
from intelligence.api.rate_limits import RateLimited, RateLimits

ACCESS = timedelta(minutes=5)
CONFIRMATION = timedelta(days=3)
RESET = timedelta(hours=1)

STAFF = {"admin"}  # scopes that no account has
TRIES_OF_AN_ADDRESS = 10  # a minute
TRIES_OF_A_CLIENT = 60  # a minute


class AccountSettings(BaseSettings):
    """Attributes:
    email_url: the mail server, see `app.mail`.
    account_pages: where the pages are that mail links to; None: mail holds the bare token.
    app_env: as in `app.settings`.
    """

    model_config = SettingsConfigDict(env_ignore_empty=True, frozen=True, hide_input_in_errors=True)

    email_url: str = "console:"
    default_from_email: str = "no-reply@localhost"
    account_pages: str | None = None
    app_env: str = "production"

    _deliver: Deliver = PrivateAttr()

    @model_validator(mode="after")
    def mail_server_is_named(self) -> Self:
        try:
            self._deliver = deliverer(self.email_url)
        except ValueError as error:
            raise ValueError(f"EMAIL_URL {error}") from None
        if self.app_env == "production" and self._deliver is printed:
            raise ValueError(
                "EMAIL_URL must name a mail server in production, such as "
                "smtp+tls://USER:PASSWORD@HOST: console: prints tokens into its log"
            )
        return self

    def mail(self) -> Mail:
        return Mail(self._deliver, self.default_from_email)

    def link(self, page: str, token: str) -> str:
        """After `#`, a token goes to no server and into no log."""
        return token if self.account_pages is None else f"{self.account_pages}/{page}#{token}"


LEAST_PASSWORD = 15  # NIST SP 800-63B-4 §3.1.1.2, where it is all that is asked for


def long_enough(value: str) -> str:
    if len(value.strip()) < LEAST_PASSWORD:
        raise ValueError(f"a password has {LEAST_PASSWORD} characters or more")
    return value


def visible(value: str) -> str:
    if not value.isprintable():
        raise ValueError("an address has characters that can be seen")
    return value


# Without what has a meaning in a header of mail (RFC 5322 §3.2.3, RFC 2047 §2): there it could be
# several addresses, or another way to write one, each with tries of its own.
PLAIN = r'[^@\s,;:<>()\[\]"\\?]+'
Email = Annotated[
    str,
    Field(max_length=254, pattern=rf"^{PLAIN}@{PLAIN}\.{PLAIN}$"),
    AfterValidator(visible),
]
Password = Annotated[str, Field(max_length=200), AfterValidator(long_enough)]
AnyPassword = Annotated[str, Field(min_length=1, max_length=200)]
Token = Annotated[str, Field(min_length=1, max_length=1000)]


class SignUp(BaseModel):
    email: Email
    password: Password


class Credentials(BaseModel):
    email: Email
    password: AnyPassword


class Address(BaseModel):
    email: Email


class Confirmation(BaseModel):
    token: Token = Field(description="From the mail.")


class NewPassword(BaseModel):
    token: Token = Field(description="From the mail.")
    password: Password


class ChangedPassword(BaseModel):
    current: AnyPassword
    password: Password


class RefreshToken(BaseModel):
    refresh_token: Token


class SessionTokens(BaseModel):
    """As RFC 6749 §5.1."""

    access_token: str = Field(description="Sent as `Authorization: Bearer` with each request.")
    token_type: Literal["Bearer"] = "Bearer"  # noqa: S105 - no secret
    expires_in: int = Field(description="Seconds that the access token holds.")
    refresh_token: str = Field(description="Used once, for the next two.")


class Me(BaseModel):
    id: str
    email: str
    key_id: str = Field(description="Under which usage is recorded and what is kept is found.")
    scopes: list[str]


class MailSent(BaseModel):
    status: Literal["mail_sent"] = "mail_sent"


@dataclass(frozen=True, slots=True)
class Person(Caller):
    """Who signed in, by the account."""

    account_id: str

    @property
    def actor(self) -> str:
        return self.account_id


class Desk:
    """What the routes share: accounts, tokens, mail, and how often one may try."""

    def __init__(self, accounts: Accounts, settings: AccountSettings, app: Settings) -> None:
        self.accounts = accounts
        self.settings = settings
        self.mail = settings.mail()
        self.access = Tokens(app.secret_key, "access", ACCESS)
        self.confirmation = Tokens(app.secret_key, "confirmation", CONFIRMATION)
        self.reset = Tokens(app.secret_key, "reset", RESET)
        self.of_an_address = RateLimits(TRIES_OF_AN_ADDRESS)
        self.of_a_client = RateLimits(TRIES_OF_A_CLIENT)

    def take(self, request: Request, email: str = "") -> None:
        """Counts a try. Raises HTTPException with 429."""
        client = request.client.host if request.client else ""
        try:
            self.of_a_client.take(client)
            if email:
                self.of_an_address.take(email.strip().lower())
        except RateLimited as error:
            retry = {"Retry-After": str(error.retry_after)}
            raise HTTPException(429, "too many tries", retry) from error

    async def tokens(self, session: Session) -> SessionTokens:
        claims = await self.claims(session)
        return SessionTokens(
            access_token=self.access.make(session.account.id, utcnow(), **claims),
            expires_in=int(ACCESS.total_seconds()),
            refresh_token=session.refresh_token,
        )

    async def claims(self, session: Session) -> Mapping[str, str]:
        """What an access token says beside the account: see `person`."""
        return {
            "key": session.account.key_id,
            "scope": self.accounts.scopes,
            "session": session.id,
        }

    async def caller(self, token: str) -> Caller | None:
        """Who sent this access token; no look-up, it says so itself."""
        claims = self.read(token)
        return None if claims is None else self.person(claims)

    def read(self, token: str) -> Mapping[str, str] | None:
        """What an access token says, while it holds."""
        return self.access.read(token, utcnow())

    def person(self, claims: Mapping[str, str]) -> Person:
        account, scopes = claims["sub"], frozenset(claims["scope"].split())
        return Person(claims["key"], account, scopes, account)

    async def of_mail(self, tokens: Tokens, token: str) -> Account:
        """Whose mail this token was in. Raises HTTPException with 422 if it holds no more."""
        claims = tokens.read(token, utcnow()) or {}
        account = await self.accounts.get(claims.get("sub", ""))
        if account is None or account.disabled_at or claims.get("state") != state(account):
            raise stale()
        return account


def stale() -> HTTPException:
    return HTTPException(422, "the token from the mail is wrong, used or expired")


def state(account: Account) -> str:
    """What a token from a mail is bound to: it changes as soon as the token was used."""
    bound = f"{account.password}{account.confirmed_at is not None}"
    return hashlib.sha256(bound.encode()).hexdigest()


async def get_desk(request: Request) -> Desk:
    desk: Desk = request.app.state.accounts
    return desk


DeskDep = Annotated[Desk, Depends(get_desk)]


CallerDep = Annotated[Caller, Depends(require())]


async def get_account(caller: CallerDep, desk: DeskDep) -> Account:
    """403 to an API key, and to an account that is disabled."""
    account = await desk.accounts.get(caller.account_id) if isinstance(caller, Person) else None
    if account is None or not may_sign_in(account):
        raise refusal(403, "this needs a person who is signed in", "insufficient_scope")
    return account


AccountDep = Annotated[Account, Depends(get_account)]

OPEN: dict[str, Any] = {"security": []}  # what OpenAPI says of a route that asks for no key
router = APIRouter(prefix="/v1", tags=["accounts"], responses=responses(400, 413, 422, 429))


@router.post("/accounts", summary="Sign up", status_code=202, openapi_extra=OPEN)
async def sign_up(
    body: SignUp, request: Request, desk: DeskDep, later: BackgroundTasks
) -> MailSent:
    """A token goes to the address; `POST /v1/accounts/confirm` takes it."""
    desk.take(request, body.email)
    account = await desk.accounts.create(body.email, body.password)
    later.add_task(greet, desk, body.email, account)
    return MailSent()


@router.post(
    "/accounts/confirm", summary="Confirm the address", status_code=204, openapi_extra=OPEN
)
async def confirm(body: Confirmation, request: Request, desk: DeskDep) -> None:
    """Once; then its owner may sign in."""
    desk.take(request)
    account = await desk.of_mail(desk.confirmation, body.token)
    if not await desk.accounts.confirm(account.id):
        raise stale()


@router.post("/sessions", summary="Sign in", openapi_extra=OPEN, responses=responses(401))
async def sign_in(body: Credentials, request: Request, desk: DeskDep) -> SessionTokens:
    """401 tells neither which of the two is wrong nor whether the address was confirmed."""
    desk.take(request, body.email)
    session = await desk.accounts.sign_in(body.email, body.password)
    if session is None:
        raise HTTPException(401, "no account that may sign in has this address and password")
    return await desk.tokens(session)


@router.post("/sessions/refresh", summary="Go on", openapi_extra=OPEN, responses=responses(401))
async def refresh(body: RefreshToken, request: Request, desk: DeskDep) -> SessionTokens:
    """The next two tokens. A refresh token that comes twice ends its session: it was copied."""
    desk.take(request)
    session = await desk.accounts.refresh(body.refresh_token)
    if session is None:
        raise HTTPException(401, "the session has ended: sign in")
    return await desk.tokens(session)


@router.post("/sessions/end", summary="Sign out", status_code=204, openapi_extra=OPEN)
async def sign_out(body: RefreshToken, request: Request, desk: DeskDep) -> None:
    """204 whether or not there was such a session."""
    desk.take(request)
    await desk.accounts.sign_out(body.refresh_token)


@router.post("/passwords/reset", summary="Forgot it", status_code=202, openapi_extra=OPEN)
async def forgot(
    body: Address, request: Request, desk: DeskDep, later: BackgroundTasks
) -> MailSent:
    """A token goes to the address, if it has an account; `POST /v1/passwords` takes it."""
    desk.take(request, body.email)
    later.add_task(remind, desk, body.email)
    return MailSent()


@router.post("/passwords", summary="Set a new one", status_code=204, openapi_extra=OPEN)
async def reset(body: NewPassword, request: Request, desk: DeskDep) -> None:
    """With the token from the mail, once. All sessions of the account end."""
    desk.take(request)
    account = await desk.of_mail(desk.reset, body.token)
    if not await desk.accounts.set_password(account, body.password):
        raise stale()


@router.get("/account", summary="Who am I?", responses=responses(401, 403))
async def me(account: AccountDep, caller: CallerDep) -> Me:
    scopes = sorted(caller.scopes)
    return Me(id=account.id, email=account.email, key_id=caller.key_id, scopes=scopes)


@router.put(
    "/account/password",
    summary="Change the password",
    status_code=204,
    responses=responses(401, 403),
)
async def change_password(
    body: ChangedPassword, request: Request, account: AccountDep, desk: DeskDep
) -> None:
    """All sessions of the account end, this one too."""
    desk.take(request, account.email)
    if not await desk.accounts.fits(account, body.current):
        raise HTTPException(403, "that is not the current password")
    if not await desk.accounts.set_password(account, body.password):
        raise HTTPException(422, "the password was changed meanwhile")


async def greet(desk: Desk, email: str, account: Account | None) -> None:
    """To an address that has an account, that somebody tried: its owner may have forgotten."""
    if account is None:
        await desk.mail.send(
            email,
            "You have an account",
            "Somebody, perhaps you, tried to sign up with this address. It has an account:\n"
            "sign in, or have the password reset. If it was not you, there is nothing to do.\n",
        )
        return
    token = desk.confirmation.make(account.id, utcnow(), state=state(account))
    await desk.mail.send(
        account.email,
        "Confirm your address",
        f"{desk.settings.link('confirm', token)}\n\n"
        f"confirms this address, within {CONFIRMATION.days} days. "
        "If you did not sign up, ignore it.\n",
    )


async def remind(desk: Desk, email: str) -> None:
    account = await desk.accounts.by_email(email)
    if account is None or account.disabled_at is not None:
        return
    token = desk.reset.make(account.id, utcnow(), state=state(account))
    await desk.mail.send(
        account.email,
        "Set a new password",
        f"{desk.settings.link('reset', token)}\n\n"
        "sets a new password, within the hour. If you did not ask for it, ignore it.\n",
    )


def install(app: FastAPI, settings: Settings) -> None:
    accounts = Accounts(app.state.database, settings.secret_key, Passwords(), SCOPES - STAFF)
    desk = app.state.accounts = Desk(accounts, AccountSettings(), settings)
    app.state.callers.insert(0, desk.caller)  # a signature is checked before a key is looked up
    app.include_router(router)


@asynccontextmanager
async def stored(settings: Settings) -> AsyncGenerator[Accounts]:
    async with opened(settings) as database:
        yield Accounts(database, settings.secret_key, Passwords(), ())


async def list_all(_: argparse.Namespace, settings: Settings) -> int:
    async with stored(settings) as accounts:
        for account in await accounts.all():
            unconfirmed = "usable" if account.confirmed_at else "unconfirmed"
            state = "disabled" if account.disabled_at else unconfirmed
            said = (account.id, state, account.key_id, account.email)
            sys.stdout.write("\t".join(said) + "\n")
    return 0


async def change(arguments: argparse.Namespace, settings: Settings) -> int:
    async with stored(settings) as accounts:
        able = accounts.enable if arguments.enable else accounts.disable
        if await able(arguments.email):
            return 0
    sys.stderr.write(f"{arguments.email} has no account\n")
    return 1


def add_commands(commands: Commands) -> None:
    verbs = commands.add_parser("accounts", help="who has signed up").add_subparsers(
        required=True, metavar="VERB"
    )
    verbs.add_parser("list", help="all of them").set_defaults(run=list_all)
    for verb, says in (("disable", "end its sessions, allow no other"), ("enable", "allow them")):
        command = verbs.add_parser(verb, help=says)
        command.add_argument("email")
        command.set_defaults(run=change, enable=verb == "enable")


COMMANDS.append(add_commands)
