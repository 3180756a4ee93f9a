"""API keys: issued once, kept as a keyed hash, sent as `Authorization: Bearer` (RFC 6750).

A key is `ak_<12 hex digits>_<256 random bits>`; the part before the last underscore is its public
id. Stored is HMAC-SHA256 of the key under SECRET_KEY. A slow hash would only cost time: the random
part is too long to guess, and without SECRET_KEY a stolen table gives nothing to test a guess
against. Keys are looked up by that digest, which a caller cannot steer, so how long a look-up takes
says nothing about the keys that are stored.
"""

import hmac
import secrets
from collections.abc import Awaitable, Callable, Coroutine, Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Annotated, Any, Self

from fastapi import Depends, HTTPException, Request
from fastapi.security import HTTPAuthorizationCredentials, HTTPBearer
from pydantic import SecretStr
from sqlalchemy import select, update
from starlette.requests import HTTPConnection

from app.database import Database
from app.events import actor, happened
from app.models import ApiKey, utcnow
from app.rate_limits import get_rate_limits

LAST_USED_RESOLUTION = timedelta(minutes=1)

# Every scope that something asks for: complete when the features are imported.
SCOPES: set[str] = set()

bearer = HTTPBearer(
    scheme_name="ApiKey", description="`Authorization: Bearer <API key>`", auto_error=False
)


@dataclass(frozen=True, slots=True)
class Caller:
    """Who is calling, by the key that was sent."""

    key_id: str
    name: str
    scopes: frozenset[str]

    @classmethod
    def of(cls, row: ApiKey) -> Self:
        return cls(row.id, row.name, frozenset(row.scopes.split()))

    @property
    def actor(self) -> str:
        """The id of who answers for what they do."""
        return self.key_id

    def may(self, scope: str, method: str) -> bool:
        """Whether they may send a request of this method to a route that asks for the scope."""
        del method  # a key's scope opens whatever it is asked for
        return scope in self.scopes


class ApiKeys:
    def __init__(self, database: Database, secret_key: SecretStr) -> None:
        self._database = database
        self._secret_key = secret_key.get_secret_value().encode()
        self._marking: set[str] = set()  # ids of the keys whose use is being written

    def _digest(self, key: str) -> str:
        return hmac.digest(self._secret_key, key.encode(), "sha256").hex()

    async def issue(
        self, name: str, scopes: Iterable[str], expires_at: datetime | None = None
    ) -> str:
        """Stores a new key and returns it; it cannot be had again."""
        key_id = f"ak_{secrets.token_hex(6)}"
        key = f"{key_id}_{secrets.token_urlsafe(32)}"
        await self.put(key_id, key, name, scopes, expires_at)
        return key

    async def put(
        self,
        key_id: str,
        key: str,
        name: str,
        scopes: Iterable[str],
        expires_at: datetime | None = None,
    ) -> bool:
        """Stores `key` under `key_id`, in place of the key that was there.

        False, and nothing stored, if it is that very key and was revoked; what was revoked before
        another key took the place is not remembered.
        """
        digest = self._digest(key)
        row = ApiKey(
            id=key_id,
            name=name,
            digest=digest,
            scopes=" ".join(sorted(scopes)),
            expires_at=expires_at,
            revoked_at=None,
        )
        async with self._database.session() as session:
            there = await session.get(ApiKey, key_id)
            if there is not None and there.digest == digest and there.revoked_at is not None:
                return False
            changed = there is not None and (there.digest, there.scopes) != (digest, row.scopes)
            await session.merge(row)
            if there is None:
                happened(session, "key.issued", key_id)
            elif changed:
                happened(session, "key.replaced", key_id)
            return True

    async def find(self, key: str) -> Caller | None:
        """Whose key this is; None if it is unknown, revoked or expired."""
        row = await self._use(self._digest(key))
        return None if row is None else Caller.of(row)

    async def _use(self, digest: str) -> ApiKey | None:
        """The key with this digest if it is usable, used now."""
        now = utcnow()
        async with self._database.reading() as session:
            row = await session.scalar(select(ApiKey).where(ApiKey.digest == digest))
        if row is None or not row.usable(now):
            return None
        if row.last_used_at is None or now - row.last_used_at >= LAST_USED_RESOLUTION:
            await self._mark(row, now)
        return row

    async def _mark(self, row: ApiKey, now: datetime) -> None:
        """Writes that it is used. Of requests that come at once, one does."""
        row.last_used_at = now
        if row.id in self._marking:
            return
        self._marking.add(row.id)
        try:
            async with self._database.session() as session:
                used = update(ApiKey).where(ApiKey.id == row.id).values(last_used_at=now)
                await session.execute(used)
        finally:
            self._marking.discard(row.id)

    async def revoke(self, key_id: str) -> bool:
        """False if there is no such key or it was revoked before."""
        async with self._database.session() as session:
            row = await session.get(ApiKey, key_id)
            if row is None or row.revoked_at is not None:
                return False
            row.revoked_at = utcnow()
            happened(session, "key.revoked", key_id)
            return True

    async def all(self) -> Sequence[ApiKey]:
        """Every key ever issued."""
        oldest_first = select(ApiKey).order_by(ApiKey.created_at, ApiKey.id)
        async with self._database.reading() as session:
            return (await session.scalars(oldest_first)).all()


async def find(connection: HTTPConnection, credentials: str) -> Caller | None:
    """Who sent them, by the first of the app's ways to know a caller that does."""
    callers: Sequence[Callable[[str], Awaitable[Caller | None]]] = connection.app.state.callers
    for caller in callers:
        if (found := await caller(credentials)) is not None:
            return found
    return None


def require(scope: str | None = None) -> Callable[..., Coroutine[Any, Any, Caller]]:
    """A dependency that gives the caller; without a scope any key will do.

    401 without a usable key, 403 if it lacks `scope`, 429 if it sends more than it may.
    """
    if scope is not None:
        SCOPES.add(scope)

    async def caller(
        request: Request,
        credentials: Annotated[HTTPAuthorizationCredentials | None, Depends(bearer)],
    ) -> Caller:
        if credentials is None:
            raise refusal(401, "this needs an API key")
        return await checked(request, credentials.credentials, scope)

    return caller


async def checked(connection: HTTPConnection, credentials: str, scope: str | None) -> Caller:
    """Who sent them, let in and counted. Raises HTTPException and RateLimited."""
    found = await find(connection, credentials)
    if found is None:
        raise refusal(401, "the API key is unknown, revoked or expired", "invalid_token")
    if scope is not None and not found.may(scope, connection.scope.get("method", "GET")):
        raise refusal(403, f"the API key lacks the scope {scope}", "insufficient_scope")
    connection.state.key_id = found.key_id
    actor.set(found.actor)
    get_rate_limits(connection).take(found.key_id)
    if scope is not None:
        for admit in connection.app.state.doors:
            await admit(found)
    return found


def refusal(status: int, detail: str, error: str | None = None) -> HTTPException:
    """With the challenge of RFC 6750 §3."""
    challenge = f'Bearer error="{error}"' if error else "Bearer"
    return HTTPException(status, detail, {"WWW-Authenticate": challenge})
