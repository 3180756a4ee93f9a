import logging

import pytest

from app import events
from app.database import Database
from app.events import Event, actor, happened
from app.keys import ApiKeys
from app.logs import request_id


def told(caplog: pytest.LogCaptureFixture) -> list[str]:
    return [each.getMessage() for each in caplog.records if each.name == "app.events"]


@pytest.fixture(autouse=True)
def level(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.INFO, "app.events")


async def test_an_event_is_told_once_it_is_committed_with_who_did_it(
    database: Database, caplog: pytest.LogCaptureFixture
) -> None:
    token = actor.set("ak_ada")
    try:
        async with database.session() as session:
            happened(session, "key.revoked", "ak_old")
            happened(session, "key.issued", "ak_new")
            assert told(caplog) == []
    finally:
        actor.reset(token)
    assert told(caplog) == ["key.revoked ak_old by ak_ada", "key.issued ak_new by ak_ada"]


async def test_what_was_rolled_back_did_not_happen(
    database: Database, caplog: pytest.LogCaptureFixture
) -> None:
    async def fail() -> None:
        async with database.session() as session:
            happened(session, "key.revoked", "ak_old")
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        await fail()
    assert told(caplog) == []


async def test_who_keeps_events_gets_them_in_their_transaction(
    database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    kept: list[Event] = []
    monkeypatch.setattr(
        events, "KEEPERS", [lambda session, each: kept.append(each) if session else None]
    )
    token = request_id.set("a-request")
    try:
        async with database.session() as session:
            happened(session, "key.revoked", "ak_old")
    finally:
        request_id.reset(token)
    assert kept == [Event("key.revoked", "ak_old", None, "a-request")]


async def test_keys_are_issued_replaced_and_revoked_in_the_log(
    keys: ApiKeys, caplog: pytest.LogCaptureFixture
) -> None:
    key = await keys.issue("Ada", ["inference"])
    key_id = "_".join(key.split("_")[:2])
    await keys.put(key_id, f"{key}x", "Ada", ["inference"])
    await keys.revoke(key_id)
    await keys.revoke(key_id)
    assert told(caplog) == [
        f"key.issued {key_id} by None",
        f"key.replaced {key_id} by None",
        f"key.revoked {key_id} by None",
    ]
    assert key not in caplog.text
