import hashlib
from datetime import datetime, timedelta

import pytest
from django.utils import timezone
from pytest_django import Settings

from apps.ai import keys
from apps.ai.models import ApiKey

pytestmark = pytest.mark.django_db


def id_of(key: str) -> str:
    return "_".join(key.split("_", 2)[:2])


def test_the_caller_and_the_time_of_use_are_known() -> None:
    before = timezone.now()
    key = keys.issue("test", ["other", "inference"])

    def last_used() -> datetime | None:
        return ApiKey.objects.get(id=id_of(key)).last_used_at

    assert last_used() is None
    assert keys.find(key) == keys.Caller(id_of(key), "test", frozenset({"inference", "other"}))
    first = last_used()
    assert first is not None
    assert first >= before
    keys.find(key)
    assert last_used() == first  # written once a minute


def test_an_unknown_or_expired_key_is_nobodys() -> None:
    now = timezone.now()
    expired = keys.issue("expired", ["inference"], now - timedelta(seconds=1))
    usable = keys.issue("usable", ["inference"], now + timedelta(days=1))
    assert keys.find("ak_0123456789ab_unknown") is None
    assert keys.find(expired) is None
    assert keys.find(usable) is not None


def test_a_revoked_key_is_useless_until_it_is_put_again() -> None:
    key = keys.issue("test", ["inference"])
    assert keys.revoke(id_of(key))
    assert keys.find(key) is None
    assert not keys.revoke(id_of(key))
    keys.put(id_of(key), key, "again", ["inference"])
    caller = keys.find(key)
    assert caller is not None
    assert caller.name == "again"


def test_only_a_hash_under_the_secret_is_stored(settings: Settings) -> None:
    key = keys.issue("test", ["inference"])
    stored = [str(value) for value in ApiKey.objects.values_list().get()]
    secret = key.removeprefix(id_of(key) + "_")
    assert len(secret) == 43  # 256 bits in base64
    assert not any(secret in value for value in stored)
    assert hashlib.sha256(key.encode()).hexdigest() not in stored
    settings.SECRET_KEY = "another secret"
    assert keys.find(key) is None


def test_a_row_can_move_between_services_that_share_the_secret(settings: Settings) -> None:
    """The FastAPI service has the same test: what one has hashed the other finds."""
    settings.SECRET_KEY = "shared secret"
    keys.put("ak_moved", "ak_moved_key", "moved", ["inference"])
    assert ApiKey.objects.get(id="ak_moved").digest == (
        "a6fe2d5e61e3be6287711821635facf05620e628f9210fc14a74aa5871fc3c45"
    )
