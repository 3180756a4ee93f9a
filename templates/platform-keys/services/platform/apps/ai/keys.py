"""API keys: issued once, kept as a keyed hash, sent as `Authorization: Bearer` (RFC 6750).

A key is `ak_<12 hex digits>_<256 random bits>`; the part before the last underscore is its public
id. Stored is HMAC-SHA256 of the key under SECRET_KEY, as the FastAPI service does it. A slow hash
would only cost time: the random part is too long to guess, and without SECRET_KEY a stolen table
gives nothing to test a guess against. Keys are looked up by that digest, which a caller cannot
steer, so how long a look-up takes says nothing about the keys that are stored.
"""

import hmac
import secrets
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta

from django.conf import settings
from django.utils import timezone

from apps.ai.models import ApiKey

LAST_USED_RESOLUTION = timedelta(minutes=1)


@dataclass(frozen=True, slots=True)
class Caller:
    """Who is calling, by the key that was sent."""

    key_id: str
    name: str
    scopes: frozenset[str]


def issue(name: str, scopes: Iterable[str], expires_at: datetime | None = None) -> str:
    """Stores a new key and returns it; it cannot be had again."""
    key_id = f"ak_{secrets.token_hex(6)}"
    key = f"{key_id}_{secrets.token_urlsafe(32)}"
    put(key_id, key, name, scopes, expires_at)
    return key


def put(
    key_id: str,
    key: str,
    name: str,
    scopes: Iterable[str],
    expires_at: datetime | None = None,
) -> None:
    """Stores `key` under `key_id`, in place of the key that was there."""
    row = {
        "name": name,
        "digest": _digest(key),
        "scopes": " ".join(sorted(scopes)),
        "expires_at": expires_at,
        "revoked_at": None,
    }
    ApiKey.objects.update_or_create(row, id=key_id)


def find(key: str) -> Caller | None:
    """Whose key this is; None if it is unknown, revoked or expired."""
    now = timezone.now()
    row = ApiKey.objects.filter(digest=_digest(key)).first()
    if row is None or not row.usable(now):
        return None
    if row.last_used_at is None or now - row.last_used_at >= LAST_USED_RESOLUTION:
        row.last_used_at = now
        row.save(update_fields=["last_used_at"])
    return Caller(row.id, row.name, frozenset(row.scopes.split()))


def revoke(key_id: str) -> bool:
    """False if there is no such key or it was revoked before."""
    usable = ApiKey.objects.filter(id=key_id, revoked_at=None)
    return usable.update(revoked_at=timezone.now()) == 1


def _digest(key: str) -> str:
    return hmac.digest(settings.SECRET_KEY.encode(), key.encode(), "sha256").hex()
