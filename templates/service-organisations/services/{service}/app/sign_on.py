"""Single sign-on: bearer tokens of an outside issuer (OpenID Connect), verified by its public keys.

An account is linked to issuer and subject, which never change hands; to an address only if the
issuer has verified it. For whom a person acts, and in which role, stands in two claims. Nothing of
this runs until `OIDC_ISSUER` is set.
"""

import asyncio
import hashlib
import logging
import secrets
from collections.abc import Mapping
from time import monotonic
from typing import TYPE_CHECKING, Any, Self
from urllib.parse import urlsplit

import httpx2
import jwt
from pydantic import model_validator
from pydantic_settings import BaseSettings, SettingsConfigDict
from sqlalchemy import ForeignKey, String, select
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Mapped, mapped_column

from app.account_store import Account, may_sign_in
from app.database import Database
from app.events import happened
from app.keys import Caller
from app.models import Base
from app.tenants import Member, MemberRole

if TYPE_CHECKING:
    from app.organisations import OrganisationDesk

logger = logging.getLogger(__name__)

ALGORITHMS = {"RS256", "ES256", "EdDSA"}  # of public keys: what verifies them cannot sign
LEEWAY = 10  # seconds that two clocks may differ
FRESH = 300.0  # seconds after which the keys are fetched anew
HELD = 3600.0  # seconds for which they do while the issuer is away
PAUSE = 60.0  # seconds between two tries, whatever keys are asked for
TIMEOUT = 5.0  # seconds of a fetch
LONGEST = 255  # characters of a subject, OpenID Connect Core §2


class SignOnSettings(BaseSettings):
    """Attributes:
    oidc_issuer: as its tokens say in `iss`.
    oidc_audience: what they say in `aud` if they are for this service.
    oidc_jwks_url: where its keys are; None: as its discovery document says.
    oidc_organisation_claim: holds the id of the organisation that the person acts for.
    oidc_role_claim: holds `admin` or `member`, which is also what anything else means.
    app_env: as in `app.settings`.
    """

    model_config = SettingsConfigDict(env_ignore_empty=True, frozen=True, hide_input_in_errors=True)

    oidc_issuer: str | None = None
    oidc_audience: str | None = None
    oidc_jwks_url: str | None = None
    oidc_organisation_claim: str = "org"
    oidc_role_claim: str = "role"
    app_env: str = "production"

    @model_validator(mode="after")
    def issuer_can_be_believed(self) -> Self:
        if self.oidc_issuer is None:
            return self
        if self.oidc_audience is None:
            raise ValueError("OIDC_ISSUER needs OIDC_AUDIENCE: its tokens are for others, too")
        schemes = {"https"} if self.app_env == "production" else {"https", "http"}
        for url in (self.oidc_issuer, self.oidc_jwks_url):
            if url is not None and not (urlsplit(url).scheme in schemes and urlsplit(url).hostname):
                raise ValueError("OIDC_ISSUER and OIDC_JWKS_URL take an address with https://")
        return self


class Identity(Base):
    """Who an outside issuer knows as `subject`."""

    __tablename__ = "identity"

    issuer: Mapped[str] = mapped_column(String(300), primary_key=True)
    subject: Mapped[str] = mapped_column(String(LONGEST), primary_key=True)
    account_id: Mapped[str] = mapped_column(ForeignKey(Account.id, ondelete="CASCADE"), index=True)


class Jwks:
    """The issuer's public keys (RFC 7517), fetched when they are asked for and remembered.

    Keys that are not known are looked for once in `PAUSE`, so that made-up ids are no way to have
    this service call another. While the issuer is away, what was fetched goes on for `HELD`.
    """

    def __init__(self, issuer: str, url: str | None) -> None:
        self._issuer = issuer
        self._url = url
        self._keys: Mapping[str | None, jwt.PyJWK] = {}
        self._fetched = self._tried = float("-inf")
        self._lock = asyncio.Lock()

    async def key(self, key_id: str) -> jwt.PyJWK | None:
        """None if the issuer has no such key, or is away for long."""
        known = key_id in self._keys and monotonic() - self._fetched < HELD
        if not (known and (monotonic() - self._fetched < FRESH or self._lock.locked())):
            async with self._lock:
                await self._look(key_id)
        return self._keys.get(key_id) if monotonic() - self._fetched < HELD else None

    async def _look(self, key_id: str) -> None:
        now = monotonic()
        fetched_by_another = key_id in self._keys and now - self._fetched < FRESH
        if fetched_by_another or now - self._tried < PAUSE:
            return
        self._tried = now
        try:
            self._keys = await self._fetch()
        except (httpx2.HTTPError, jwt.PyJWTError, ValueError, KeyError, TypeError) as error:
            logger.warning("the keys of %s cannot be had: %s", self._issuer, error)
        else:
            self._fetched = now

    async def _fetch(self) -> dict[str | None, jwt.PyJWK]:
        async with httpx2.AsyncClient(timeout=TIMEOUT) as client:
            url = self._url
            if url is None:
                discovery = f"{self._issuer.rstrip('/')}/.well-known/openid-configuration"
                document = await _json(client, discovery)
                if document["issuer"] != self._issuer:  # OpenID Connect Discovery §4.3
                    raise ValueError(f"{discovery} is of {document['issuer']}")
                url = str(document["jwks_uri"])
            keys = jwt.PyJWKSet.from_dict(await _json(client, url)).keys
        return {key.key_id: key for key in keys if key.algorithm_name in ALGORITHMS}


async def _json(client: httpx2.AsyncClient, url: str) -> dict[str, Any]:
    answer = (await client.get(url)).raise_for_status().json()
    if not isinstance(answer, dict):
        raise TypeError(f"{url} holds no object")
    return answer


class SignOn:
    def __init__(
        self, database: Database, desk: "OrganisationDesk", settings: SignOnSettings
    ) -> None:
        self._database = database
        self._desk = desk
        self._settings = settings
        self._issuer = settings.oidc_issuer or ""
        self._jwks = Jwks(self._issuer, settings.oidc_jwks_url)

    async def caller(self, token: str) -> Caller | None:
        """Who sent this token of the issuer, and for whom. None if it is none, or may not."""
        claims = await self.claims(token)
        if claims is None:
            return None
        account = await self._account(claims)
        if not may_sign_in(account):
            return None
        scopes = frozenset(self._desk.accounts.scopes.split())
        chosen = claims.get(self._settings.oidc_organisation_claim)
        if chosen is None:
            return Member(
                account.key_id,
                account.id,
                scopes,
                account.id,
                None,
                MemberRole.OWNER,
                session_id=None,
            )
        said = claims.get(self._settings.oidc_role_claim)
        role = MemberRole.ADMIN if said == MemberRole.ADMIN else MemberRole.MEMBER
        place = await self._desk.organisations.told_by_issuer(account.id, str(chosen), role)
        if place is None:
            return None
        own = place.organisation
        return Member(own.key_id, own.id, scopes, account.id, own.id, place.role, session_id=None)

    async def claims(self, token: str) -> Mapping[str, Any] | None:
        """What the token says; None unless the issuer signed it, for this service, for now."""
        try:
            key_id = jwt.get_unverified_header(token).get("kid")
            key = await self._jwks.key(key_id) if isinstance(key_id, str) else None
            if key is None:
                return None
            claims: Mapping[str, Any] = jwt.decode(
                token,
                key,
                algorithms=[key.algorithm_name],
                audience=self._settings.oidc_audience,
                issuer=self._issuer,
                leeway=LEEWAY,
                options={"require": ["iss", "aud", "sub", "exp"]},
            )
        except jwt.PyJWTError:
            return None
        return claims if 0 < len(claims["sub"]) <= LONGEST else None

    async def _account(self, claims: Mapping[str, Any]) -> Account:
        subject: str = claims["sub"]
        linked = (
            select(Account)
            .join(Identity, Identity.account_id == Account.id)
            .where(Identity.issuer == self._issuer, Identity.subject == subject)
        )
        async with self._database.reading() as session:
            account = await session.scalar(linked)
        if account is not None:
            return account
        account = await self._of_address(self._address(claims))
        try:
            async with self._database.session() as session:
                session.add(Identity(issuer=self._issuer, subject=subject, account_id=account.id))
                happened(session, "identity.linked", account.id)
        except IntegrityError:  # by another request of the same person
            async with self._database.reading() as session:
                return (await session.scalars(linked)).one()
        return account

    def _address(self, claims: Mapping[str, Any]) -> str:
        """One that no mail goes to (RFC 2606) where the issuer has verified none."""
        email = claims.get("email")
        if claims.get("email_verified") is True and isinstance(email, str):
            return email
        subject = hashlib.sha256(f"{self._issuer} {claims['sub']}".encode()).hexdigest()
        return f"{subject[:40]}@sign-on.invalid"

    async def _of_address(self, email: str) -> Account:
        """A new one has a password that nobody knows. So has one that somebody signed up for and
        did not confirm: it may have been another."""
        accounts = self._desk.accounts
        password = secrets.token_hex(32)
        account = await accounts.create(email, password)
        if account is not None:
            await accounts.confirm(account.id)
        else:
            account = await accounts.by_email(email)
            if account is None:
                raise RuntimeError("accounts are disabled, never deleted")
            if account.confirmed_at is None:
                await accounts.set_password(account, password)
        return await accounts.get(account.id) or account
