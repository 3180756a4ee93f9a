"""API keys: issued once, kept as a keyed hash, sent as `Authorization: Bearer` (RFC 6750).

A key is `ak_<12 hex>_<256 random bits>`; all but the last part is its public id. Stored is HMAC-SHA256 under
SECRET_KEY: the secret part is too long to guess, so a slow hash would only cost time, and a stolen database gives
nothing to try keys against. A key is looked up by that digest, which nobody without SECRET_KEY can steer, so the
time of the look-up tells nothing about stored keys.
"""

import hashlib
import hmac
import secrets
from collections.abc import Callable, Coroutine, Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from http import HTTPStatus
from typing import Annotated, Any

from fastapi import Depends, HTTPException, Request
from fastapi.security import HTTPAuthorizationCredentials, HTTPBearer
from pydantic import SecretStr
from sqlalchemy import select, update

from app.database import Database
from app.models import ApiKey, utcnow

LAST_USED_RESOLUTION = timedelta(minutes=1)

bearer = HTTPBearer(scheme_name="ApiKey", description="`Authorization: Bearer <API key>`", auto_error=False)


@dataclass(frozen=True, slots=True)
class Caller:
    """Who is calling, by the key that was sent."""

    key_id: str
    name: str
    scopes: frozenset[str]


class ApiKeys:
    def __init__(self, database: Database, secret_key: SecretStr) -> None:
        self._database = database
        self._secret_key = secret_key.get_secret_value().encode()

    def _digest(self, key: str) -> str:
        return hmac.digest(self._secret_key, key.encode(), hashlib.sha256).hex()

    async def issue(self, name: str, scopes: Iterable[str], *, expires_at: datetime | None = None) -> tuple[str, str]:
        """Stores a new key and returns its id and the key, which cannot be had again."""
        key_id = f"ak_{secrets.token_hex(6)}"
        key = f"{key_id}_{secrets.token_urlsafe(32)}"
        await self.put(key_id, key, name, scopes, expires_at=expires_at)
        return key_id, key

    async def put(
        self, key_id: str, key: str, name: str, scopes: Iterable[str], *, expires_at: datetime | None = None
    ) -> None:
        """Stores `key` under `key_id`, in place of the key that was there."""
        row = ApiKey(
            id=key_id,
            name=name,
            digest=self._digest(key),
            scopes=" ".join(sorted(scopes)),
            expires_at=expires_at,
            revoked_at=None,
        )
        async with self._database.session() as session:
            await session.merge(row)

    async def find(self, key: str) -> Caller | None:
        """Whose key this is; None if it is unknown, revoked or expired."""
        now = utcnow()
        async with self._database.session() as session:
            row = await session.scalar(select(ApiKey).where(ApiKey.digest == self._digest(key)))
            if row is None or not row.usable(now):
                return None
            if row.last_used_at is None or now - row.last_used_at >= LAST_USED_RESOLUTION:
                row.last_used_at = now
            return Caller(row.id, row.name, frozenset(row.scopes.split()))

    async def revoke(self, key_id: str) -> bool:
        """False if no usable key has that id."""
        statement = update(ApiKey).where(ApiKey.id == key_id, ApiKey.revoked_at.is_(None)).values(revoked_at=utcnow())
        async with self._database.session() as session:
            return (await session.execute(statement.returning(ApiKey.id))).first() is not None

    async def all(self) -> Sequence[ApiKey]:
        """Every key ever issued, oldest first."""
        async with self._database.session() as session:
            return (await session.scalars(select(ApiKey).order_by(ApiKey.created_at, ApiKey.id))).all()


def require(scope: str) -> Callable[..., Coroutine[Any, Any, Caller]]:
    """A dependency that gives the caller, or answers 401 (no usable key) or 403 (key without `scope`)."""

    async def caller(
        request: Request, credentials: Annotated[HTTPAuthorizationCredentials | None, Depends(bearer)]
    ) -> Caller:
        if credentials is None:
            raise HTTPException(
                HTTPStatus.UNAUTHORIZED, "send an API key: Authorization: Bearer …", {"WWW-Authenticate": "Bearer"}
            )
        keys: ApiKeys = request.app.state.keys
        found = await keys.find(credentials.credentials)
        if found is None:
            raise HTTPException(
                HTTPStatus.UNAUTHORIZED,
                "the API key is unknown, revoked or expired",
                {"WWW-Authenticate": 'Bearer error="invalid_token"'},
            )
        if scope not in found.scopes:
            raise HTTPException(
                HTTPStatus.FORBIDDEN,
                f"the API key lacks the scope {scope!r}",
                {"WWW-Authenticate": f'Bearer error="insufficient_scope", scope="{scope}"'},
            )
        request.state.key_id = found.key_id
        return found

    return caller
