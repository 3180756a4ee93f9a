import asyncio
from collections.abc import AsyncGenerator
from datetime import UTC, datetime, timedelta

import pytest
from pydantic import ValidationError

from app import key_cache
from app import keys as app_keys
from app.database import Database
from app.key_cache import KeyCacheSettings, RememberedKeys
from app.keys import ApiKeys
from app.main import create_app
from app.models import ApiKey
from app.settings import Settings
from intelligence.engine import Engine

NOON = datetime(2026, 1, 1, 12, tzinfo=UTC)
LIFETIME = timedelta(seconds=10)


class Clock:
    def __init__(self) -> None:
        self.now = NOON

    def __call__(self) -> datetime:
        return self.now

    def at(self, seconds: float) -> None:
        """Seconds after noon."""
        self.now = NOON + timedelta(seconds=seconds)


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Clock:
    clock = Clock()
    monkeypatch.setattr(key_cache, "utcnow", clock)
    monkeypatch.setattr(app_keys, "utcnow", clock)
    return clock


@pytest.fixture
async def database(settings: Settings) -> AsyncGenerator[Database]:
    database = Database(settings.database_url)
    yield database
    await database.close()


@pytest.fixture
def other(database: Database, settings: Settings) -> ApiKeys:
    """As another process has them."""
    return ApiKeys(database, settings.secret_key)


@pytest.fixture
def keys(clock: Clock, database: Database, settings: Settings) -> RememberedKeys:
    return RememberedKeys(database, settings.secret_key, LIFETIME, max_keys=2)


async def test_a_key_that_another_process_revokes_goes_on_for_seconds_and_no_longer(
    clock: Clock, keys: RememberedKeys, other: ApiKeys, key: str, key_id: str
) -> None:
    found = await keys.find(key)
    assert found is not None
    assert await other.revoke(key_id)
    clock.at(9.9)
    assert await keys.find(key) == found
    clock.at(10)
    assert await keys.find(key) is None
    clock.at(0)
    assert await keys.find(key) is None


async def test_a_key_that_this_process_revokes_is_refused_at_once(
    keys: RememberedKeys, key: str, key_id: str
) -> None:
    assert await keys.find(key) is not None
    await keys.revoke(key_id)
    assert await keys.find(key) is None


async def test_a_key_that_this_process_replaces_is_refused_at_once(
    keys: RememberedKeys, key: str, key_id: str
) -> None:
    assert await keys.find(key) is not None
    await keys.put(key_id, "another", "test", ["inference"])
    assert await keys.find(key) is None
    assert await keys.find("another") is not None


async def test_a_look_up_under_way_does_not_bring_a_revoked_key_back(
    keys: RememberedKeys, key: str, key_id: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    looked_up, revoked, use = asyncio.Event(), asyncio.Event(), keys._use

    async def use_slowly(digest: str) -> ApiKey | None:
        row = await use(digest)
        looked_up.set()
        await revoked.wait()
        return row

    monkeypatch.setattr(keys, "_use", use_slowly)
    finding = asyncio.create_task(keys.find(key))
    await looked_up.wait()
    await keys.revoke(key_id)
    revoked.set()
    assert await finding is not None
    assert await keys.find(key) is None


async def test_of_many_requests_at_once_one_asks_the_database(
    clock: Clock, keys: RememberedKeys, key: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked, use = [], keys._use

    async def count(digest: str) -> ApiKey | None:
        asked.append(digest)
        return await use(digest)

    monkeypatch.setattr(keys, "_use", count)
    found = await asyncio.gather(*(keys.find(key) for _ in range(50)))
    assert None not in found
    clock.at(10)
    await asyncio.gather(*(keys.find(key) for _ in range(50)))
    assert len(asked) == 2


async def test_a_client_that_leaves_takes_no_look_up_of_others_along(
    keys: RememberedKeys, key: str
) -> None:
    leaving, staying = (asyncio.create_task(keys.find(key)) for _ in range(2))
    await asyncio.sleep(0)
    leaving.cancel()
    assert await staying is not None


async def test_when_a_key_expires_is_kept_exactly(clock: Clock, keys: RememberedKeys) -> None:
    key = await keys.issue("short", ["inference"], NOON + timedelta(seconds=3))
    clock.at(2.9)
    assert await keys.find(key) is not None
    clock.at(3)
    assert await keys.find(key) is None


async def test_that_a_key_is_used_is_written_every_minute(
    clock: Clock, database: Database, keys: RememberedKeys, key: str, key_id: str
) -> None:
    async def last_used() -> datetime | None:
        async with database.session() as session:
            return (await session.get_one(ApiKey, key_id)).last_used_at

    for seconds, written in ((0, 0), (55, 0), (59.9, 0), (60, 60)):
        clock.at(seconds)
        assert await keys.find(key) is not None
        assert await last_used() == NOON + timedelta(seconds=written)


async def test_a_clock_that_is_set_back_makes_nothing_last_longer(
    clock: Clock, keys: RememberedKeys, other: ApiKeys, key: str, key_id: str
) -> None:
    await keys.find(key)
    await other.revoke(key_id)
    clock.at(-3600)
    assert await keys.find(key) is None


async def test_an_unknown_key_is_not_remembered(keys: RememberedKeys, other: ApiKeys) -> None:
    assert await keys.find("ak_late_key") is None
    await other.put("ak_late", "ak_late_key", "late", ["inference"])
    assert await keys.find("ak_late_key") is not None


async def test_no_more_keys_are_remembered_than_is_set_and_the_latest_used(
    keys: RememberedKeys, other: ApiKeys
) -> None:
    issued = [await other.issue(name, ["inference"]) for name in ("first", "second", "third")]
    first, second, third = issued
    for key in (first, second, first, third):
        await keys.find(key)
    for key in issued:
        await other.revoke("_".join(key.split("_", 2)[:2]))
    assert [await keys.find(key) is not None for key in issued] == [True, False, True]


@pytest.mark.parametrize(("seconds", "kind"), [("0", ApiKeys), ("", RememberedKeys)])
def test_it_can_be_turned_off(
    settings: Settings, monkeypatch: pytest.MonkeyPatch, seconds: str, kind: type[ApiKeys]
) -> None:
    monkeypatch.setenv("KEY_CACHE_SECONDS", seconds)
    app = create_app(settings, Engine(lambda: pytest.fail("no model is needed")))
    assert type(app.state.keys) is kind


@pytest.mark.parametrize("seconds", ["-1", "61"])
def test_minutes_are_refused(monkeypatch: pytest.MonkeyPatch, seconds: str) -> None:
    monkeypatch.setenv("KEY_CACHE_SECONDS", seconds)
    with pytest.raises(ValidationError, match="key_cache_seconds"):
        KeyCacheSettings()
