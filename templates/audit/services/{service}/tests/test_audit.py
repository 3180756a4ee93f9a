import json
from collections.abc import Sequence
from datetime import timedelta

import pytest
from sqlalchemy import or_, select, update
from sqlalchemy.exc import DBAPIError

from app import events
from app.__main__ import main
from app.audit import AuditEvent
from app.database import Database
from app.keys import SCOPES, ApiKeys
from app.models import ApiKey, utcnow

SCOPE = min(SCOPES)


@pytest.fixture
async def ada(keys: ApiKeys) -> str:
    """The id of a new key."""
    return "_".join((await keys.issue("Ada", [SCOPE])).split("_")[:2])


async def kept(database: Database, about: str) -> Sequence[tuple[str | None, str, str]]:
    of_it = or_(AuditEvent.actor == about, AuditEvent.subject == about)
    async with database.reading() as session:
        found = await session.scalars(select(AuditEvent).where(of_it).order_by(AuditEvent.id))
        return [(each.actor, each.action, each.subject) for each in found]


async def test_what_happens_to_a_key_is_kept(database: Database, keys: ApiKeys, ada: str) -> None:
    await keys.revoke(ada)
    assert await kept(database, ada) == [(None, "key.issued", ada), (None, "key.revoked", ada)]


async def test_what_cannot_be_recorded_is_not_done(
    database: Database, keys: ApiKeys, ada: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(events, "KEEPERS", [lambda session, _: session.add(AuditEvent())])
    with pytest.raises(DBAPIError):
        await keys.revoke(ada)
    async with database.reading() as session:
        assert (await session.get_one(ApiKey, ada)).revoked_at is None


async def test_what_was_not_done_is_not_recorded(database: Database, ada: str) -> None:
    async def fail() -> None:
        async with database.session() as session:
            events.happened(session, "key.revoked", ada)
            await session.flush()
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        await fail()
    assert await kept(database, ada) == [(None, "key.issued", ada)]


async def test_an_event_is_not_changed_afterwards(database: Database, ada: str) -> None:
    async def change() -> None:
        async with database.session() as session:
            await session.execute(update(AuditEvent).values(actor="somebody else"))

    with pytest.raises(DBAPIError, match="the audit log is not changed"):
        await change()
    assert await kept(database, ada) == [(None, "key.issued", ada)]


def test_the_log_is_shown_oldest_first_of_a_day_or_of_an_id(
    capsys: pytest.CaptureFixture[str],
) -> None:
    def said(*command: str) -> list[str]:
        capsys.readouterr()
        assert main(command) == 0
        return capsys.readouterr().out.splitlines()

    ids = []
    for name in ("Ada", "Bob"):
        [key] = said("keys", "issue", "--name", name, "--scope", SCOPE)
        ids.append("_".join(key.split("_")[:2]))
    said("keys", "revoke", ids[0])

    today, tomorrow = ((utcnow() + timedelta(days)).date().isoformat() for days in (0, 1))
    about = [json.loads(line) for line in said("audit", "--about", ids[0], "--since", today)]
    assert [(each["action"], each["actor"]) for each in about] == [
        ("key.issued", "command"),
        ("key.revoked", "command"),
    ]
    assert all(set(each) == {"at", "actor", "action", "subject", "request_id"} for each in about)
    subjects = [json.loads(line)["subject"] for line in said("audit")]
    assert subjects[-3:] == [*ids, ids[0]]
    assert said("audit", "--since", tomorrow) == []
