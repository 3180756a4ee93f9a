import logging
from dataclasses import asdict

import pytest
from sqlalchemy import select

from app.database import Database
from app.models import UsageRecord, utcnow
from app.stores import SqlUsageSink
from intelligence.usage import Usage


def usage(key_id: str | None) -> Usage:
    return Usage(
        key_id=key_id,
        operation="embeddings",
        model="length",
        input_tokens=7,
        output_tokens=0,
        latency_ms=1.5,
        status=200,
    )


async def test_usage_is_a_row(database: Database, key_id: str) -> None:
    before = utcnow()
    spent = usage(key_id)
    await SqlUsageSink(database).record(spent)
    async with database.session() as session:
        row = await session.scalar(select(UsageRecord).where(UsageRecord.key_id == key_id))
    assert row is not None
    assert {name: getattr(row, name) for name in asdict(spent)} == asdict(spent)
    assert row.created_at >= before


async def test_a_failing_database_does_not_fail_the_request(
    database: Database, caplog: pytest.LogCaptureFixture
) -> None:
    with caplog.at_level(logging.ERROR):
        await SqlUsageSink(database).record(usage("ak_nobody"))
    assert "input_tokens=7" in caplog.text
