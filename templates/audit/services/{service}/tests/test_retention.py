import asyncio
import logging
from collections.abc import Mapping
from datetime import timedelta

import pytest
from fastapi import FastAPI
from sqlalchemy import delete, func, select
from sqlalchemy.exc import OperationalError
from sqlalchemy.exc import TimeoutError as PoolTimeoutError

from app import retention
from app.__main__ import main
from app.database import Database
from app.models import ApiKey, Base, UsageRecord, utcnow
from app.retention import POLICY, clean, clean_hourly, policy

RULES = policy('[usage_record]\ndated_by = "created_at"\ndays = 30')


@pytest.fixture
async def used(database: Database) -> None:
    """Five times 29 and seven times 31 days ago, and nothing else."""
    async with database.session() as session:
        await session.execute(delete(UsageRecord))
        for days, times in ((29, 5), (31, 7)):
            session.add_all(
                UsageRecord(
                    operation="embeddings",
                    model="m",
                    input_tokens=1,
                    output_tokens=0,
                    latency_ms=1.0,
                    status=200,
                    created_at=utcnow() - timedelta(days),
                )
                for _ in range(times)
            )


async def left(database: Database) -> int:
    async with database.reading() as session:
        return await session.scalar(select(func.count()).select_from(UsageRecord)) or 0


def test_what_expires_is_deleted() -> None:
    """But keys, of which what was asked with them tells."""
    expiring = {each.name for each in Base.metadata.sorted_tables if "expires_at" in each.columns}
    named = {each.table.name for each in policy(POLICY.read_text())}
    assert expiring - {ApiKey.__tablename__} <= named


@pytest.mark.parametrize("batch", [3, 7, 1000])
async def test_what_is_older_goes_and_the_rest_stays(
    database: Database, used: None, monkeypatch: pytest.MonkeyPatch, batch: int
) -> None:
    monkeypatch.setattr(retention, "AT_ONCE", batch)
    assert await clean(database, RULES, utcnow()) == {"usage_record": 7}
    assert await left(database) == 5
    assert await clean(database, RULES, utcnow()) == {"usage_record": 0}


async def test_a_serving_process_cleans_in_turns_and_ends_when_it_is_told(
    database: Database,
    used: None,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
) -> None:
    turns = 0
    stop = asyncio.Event()
    log = retention.log

    def count(deleted: Mapping[str, int]) -> None:
        nonlocal turns
        log(deleted)
        turns += 1
        if turns == 2:
            stop.set()

    monkeypatch.setattr(retention, "EVERY", timedelta(milliseconds=5))
    monkeypatch.setattr(retention, "log", count)
    with caplog.at_level(logging.INFO, "app.retention"):
        await clean_hourly(database, RULES, stop)
    assert await left(database) == 5
    assert caplog.messages == ["deleted 7 of usage_record"]


@pytest.mark.parametrize(
    "failure",
    [OperationalError("DELETE", {}, OSError("gone")), PoolTimeoutError("the pool is empty")],
)
async def test_after_a_failure_the_next_turn_comes(
    database: Database,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
    failure: Exception,
) -> None:
    tries = 0
    stop = asyncio.Event()

    async def broken(*_: object) -> dict[str, int]:
        nonlocal tries
        tries += 1
        if tries == 2:
            stop.set()
            return {}
        raise failure

    monkeypatch.setattr(retention, "EVERY", timedelta(milliseconds=5))
    monkeypatch.setattr(retention, "clean", broken)
    await clean_hourly(database, RULES, stop)
    assert tries == 2
    assert "nothing was deleted" in caplog.text


async def test_a_database_that_hangs_does_not_hold_the_end_up(
    app: FastAPI, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    asked = asyncio.Event()

    async def hangs(*_: object) -> dict[str, int]:
        asked.set()
        await asyncio.Event().wait()
        pytest.fail("unreachable")

    monkeypatch.setattr(retention, "EVERY", timedelta(milliseconds=5))
    monkeypatch.setattr(retention, "GRACE", 0.01)
    monkeypatch.setattr(retention, "clean", hangs)
    async with retention.cleaning(app):
        await asked.wait()
    assert "did not answer within 0.01 s" in caplog.text


async def test_the_app_has_its_policy(app: FastAPI) -> None:
    names = {rule.table.name for rule in app.state.retention}
    assert names >= {"audit_event", "usage_record"}


def test_a_command_cleans_now(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["retention"]) == 0
    tables = [line.split("\t")[0] for line in capsys.readouterr().out.splitlines()]
    assert tables == [rule.table.name for rule in policy(POLICY.read_text())]


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ('[nowhere]\ndated_by = "at"\ndays = 1', "no table nowhere"),
        ('[usage_record]\ndated_by = "at"\ndays = 1', "dated_by of usage_record"),
        ('[usage_record]\ndated_by = "model"\ndays = 1', "dated_by of usage_record"),
        ("[usage_record]\ndays = 1", "dated_by of usage_record"),
        ('[usage_record]\ndated_by = "created_at"', "days of usage_record"),
        ('[usage_record]\ndated_by = "created_at"\ndays = 0', "days of usage_record"),
        ('[usage_record]\ndated_by = "created_at"\ndays = true', "days of usage_record"),
        ("usage_record", "Expected"),
    ],
)
def test_a_policy_that_cannot_be_kept_is_refused(text: str, reason: str) -> None:
    with pytest.raises(ValueError, match=reason):
        policy(text)
