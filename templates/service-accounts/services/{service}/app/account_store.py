"""Accounts: who may sign in, by which password, and which sessions are open.

An account has an API key of its own that nobody can send: what it asks of the AI is metered,
limited and kept under that key's id, as everyone's is. A password is kept as Argon2id (RFC 9106).
A refresh token is used once and replaced; one that comes again was copied, and ends its session
(RFC 9700 §4.14.2).
"""

import asyncio
import hmac
import secrets
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import cached_property

from argon2 import PasswordHasher
from argon2.exceptions import VerifyMismatchError
from pydantic import SecretStr
from sqlalchemy import ForeignKey, String, delete, select, update
from sqlalchemy.exc import IntegrityError
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import Mapped, mapped_column
from sqlalchemy.sql.dml import ReturningUpdate

from app.database import Database
from app.events import happened
from app.models import ApiKey, Base, utcnow

SESSION = timedelta(days=30)  # without use
HASHING = 2  # passwords at a time: each takes 64 MB


class Account(Base):
    """Attributes:
    email: as typed, with small letters.
    password: its hash.
    confirmed_at: when a token that only its mailbox had came back.
    """

    __tablename__ = "account"

    id: Mapped[str] = mapped_column(String(20), primary_key=True)
    email: Mapped[str] = mapped_column(String(254), unique=True)
    password: Mapped[str] = mapped_column(String(200))
    key_id: Mapped[str] = mapped_column(ForeignKey(ApiKey.id), unique=True)
    created_at: Mapped[datetime] = mapped_column(default=utcnow)
    confirmed_at: Mapped[datetime | None]
    disabled_at: Mapped[datetime | None]


class SignIn(Base):
    """A session: the hash of the refresh token that goes on with it, and of the one before."""

    __tablename__ = "sign_in"

    id: Mapped[str] = mapped_column(String(20), primary_key=True)
    account_id: Mapped[str] = mapped_column(ForeignKey(Account.id, ondelete="CASCADE"), index=True)
    digest: Mapped[str] = mapped_column(String(64))
    created_at: Mapped[datetime] = mapped_column(default=utcnow)
    expires_at: Mapped[datetime]


@dataclass(frozen=True, slots=True)
class Session:
    """What a sign-in or a refresh gives: whose it is, and the token that goes on with it."""

    id: str
    account: Account
    refresh_token: str


class Passwords:
    """Hashes them in threads, a few at a time."""

    def __init__(self, hasher: PasswordHasher | None = None) -> None:
        self._hasher = hasher or PasswordHasher()
        self._places = asyncio.Semaphore(HASHING)

    @cached_property
    def _nobodys(self) -> str:
        return self._hasher.hash(secrets.token_hex())

    async def hash(self, password: str) -> str:
        async with self._places:
            return await asyncio.to_thread(self._hasher.hash, password)

    async def fits(self, hashed: str | None, password: str) -> bool:
        """Takes as long where there is no account as where there is one."""
        async with self._places:
            return await asyncio.to_thread(self._verify, hashed, password)

    def _verify(self, hashed: str | None, password: str) -> bool:
        try:
            self._hasher.verify(hashed or self._nobodys, password)
        except VerifyMismatchError:
            return False
        return hashed is not None


class Accounts:
    """Args:
    scopes: what an account may do.
    """

    def __init__(
        self,
        database: Database,
        secret_key: SecretStr,
        passwords: Passwords,
        scopes: Iterable[str],
    ) -> None:
        self._database = database
        self._secret_key = secret_key.get_secret_value().encode()
        self._passwords = passwords
        self.scopes = " ".join(sorted(scopes))

    async def create(self, email: str, password: str) -> Account | None:
        """Not confirmed yet. None if the address has an account, which it leaves as it is."""
        hashed = await self._passwords.hash(password)
        account_id, key_id = (f"{kind}_{secrets.token_hex(6)}" for kind in ("us", "ak"))
        account = Account(id=account_id, email=_plain(email), password=hashed, key_id=key_id)
        # No key hashes to this: nobody can send it.
        key = ApiKey(id=key_id, name=account_id, digest=secrets.token_hex(32), scopes=self.scopes)
        try:
            async with self._database.session() as session:
                session.add(key)
                await session.flush()
                session.add(account)
                happened(session, "account.created", account_id)
        except IntegrityError:
            return None
        return account

    async def get(self, account_id: str) -> Account | None:
        async with self._database.reading() as session:
            return await session.get(Account, account_id)

    async def by_email(self, email: str) -> Account | None:
        async with self._database.reading() as session:
            return await session.scalar(select(Account).where(Account.email == _plain(email)))

    async def confirm(self, account_id: str) -> bool:
        """False if it was confirmed before, or is not there."""
        async with self._database.session() as session:
            return await _confirm(session, account_id)

    async def sign_in(self, email: str, password: str) -> Session | None:
        """None if that is not its password, or if it may not sign in."""
        found = await self.by_email(email)
        fits = await self._passwords.fits(found.password if found else None, password)
        async with self._database.session() as session:
            account = await _unchanged(session, found) if found and fits else None
            if account is None or not may_sign_in(account):
                happened(session, "session.refused", found.id if found else "nobody")
                return None
            sign_in = SignIn(id=f"si_{secrets.token_hex(6)}", account_id=account.id)
            token = self._renew(sign_in)
            session.add(sign_in)
            happened(session, "session.opened", account.id)
        return Session(sign_in.id, account, token)

    async def refresh(self, token: str) -> Session | None:
        """Another refresh token for this one. None if it holds no more."""
        async with self._database.session() as session:
            sign_in = await self._find(session, token)
            if sign_in is None:
                return None
            account = await session.get_one(Account, sign_in.account_id)
            copied = sign_in.digest != self._digest(token)  # it was used before
            if copied or sign_in.expires_at <= utcnow() or not may_sign_in(account):
                await session.delete(sign_in)
                happened(session, "session.copied" if copied else "session.ended", account.id)
                return None
            return Session(sign_in.id, account, self._renew(sign_in))

    async def sign_out(self, token: str) -> None:
        """Whoever holds a token of a session may end it, also an old one."""
        async with self._database.session() as session:
            sign_in = await self._find(session, token)
            if sign_in is not None:
                await session.delete(sign_in)
                happened(session, "session.ended", sign_in.account_id)

    async def set_password(self, account: Account, password: str) -> bool:
        """Ends its sessions. False if the password was changed meanwhile, and nothing done."""
        changed = (
            update(Account)
            .where(Account.id == account.id, Account.password == account.password)
            .values(password=await self._passwords.hash(password))
            .returning(Account.id)
        )
        async with self._database.session() as session:
            if await session.scalar(changed) is None:
                return False
            await session.execute(delete(SignIn).where(SignIn.account_id == account.id))
            happened(session, "password.changed", account.id)
            # A token from its mailbox confirms the address, too.
            await _confirm(session, account.id)
        return True

    async def disable(self, email: str) -> bool:
        """Ends its sessions, too. False if there is no such account."""
        async with self._database.session() as session:
            account_id = await session.scalar(_changed(email, disabled_at=utcnow()))
            if account_id is None:
                return False
            await session.execute(delete(SignIn).where(SignIn.account_id == account_id))
            happened(session, "account.disabled", account_id)
        return True

    async def enable(self, email: str) -> bool:
        """False if there is no such account."""
        async with self._database.session() as session:
            account_id = await session.scalar(_changed(email, disabled_at=None))
            if account_id is None:
                return False
            happened(session, "account.enabled", account_id)
        return True

    async def all(self) -> Sequence[Account]:
        oldest_first = select(Account).order_by(Account.created_at, Account.id)
        async with self._database.reading() as session:
            return (await session.scalars(oldest_first)).all()

    async def fits(self, account: Account, password: str) -> bool:
        return await self._passwords.fits(account.password, password)

    async def _find(self, session: AsyncSession, token: str) -> SignIn | None:
        """The session of a token that is signed as ours, an old one as well."""
        sign_in_id, _, rest = token.partition(".")
        nonce, _, signature = rest.partition(".")
        if not hmac.compare_digest(signature.encode(), self._sign(sign_in_id, nonce).encode()):
            return None
        query = select(SignIn).where(SignIn.id == sign_in_id).with_for_update()
        return await session.scalar(query)

    def _renew(self, sign_in: SignIn) -> str:
        nonce = secrets.token_urlsafe(24)
        token = f"{sign_in.id}.{nonce}.{self._sign(sign_in.id, nonce)}"
        sign_in.digest = self._digest(token)
        sign_in.expires_at = utcnow() + SESSION
        return token

    def _sign(self, sign_in_id: str, nonce: str) -> str:
        return hmac.digest(
            self._secret_key, f"refresh:{sign_in_id}.{nonce}".encode(), "sha256"
        ).hex()

    def _digest(self, token: str) -> str:
        return hmac.digest(self._secret_key, token.encode(), "sha256").hex()


def may_sign_in(account: Account) -> bool:
    return account.confirmed_at is not None and account.disabled_at is None


def _changed(email: str, *, disabled_at: datetime | None) -> ReturningUpdate[str]:
    return (
        update(Account)
        .where(Account.email == _plain(email))
        .values(disabled_at=disabled_at)
        .returning(Account.id)
    )


async def _confirm(session: AsyncSession, account_id: str) -> bool:
    """False if it was confirmed before, or is not there."""
    fresh = (
        update(Account)
        .where(Account.id == account_id, Account.confirmed_at.is_(None))
        .values(confirmed_at=utcnow())
        .returning(Account.id)
    )
    if await session.scalar(fresh) is None:
        return False
    happened(session, "account.confirmed", account_id)
    return True


async def _unchanged(session: AsyncSession, account: Account) -> Account | None:
    """The account as it is now, held until the transaction ends; None if its password is another.

    A password that was changed while the old one was checked has ended all sessions already.
    """
    same = select(Account).where(Account.id == account.id, Account.password == account.password)
    return await session.scalar(same.with_for_update())


def _plain(email: str) -> str:
    return email.strip().lower()
