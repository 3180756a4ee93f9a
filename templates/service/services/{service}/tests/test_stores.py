from collections.abc import Iterator, Sequence

import pytest
from anyio.from_thread import BlockingPortal, start_blocking_portal
from sqlalchemy import select

from app.database import Database
from app.keys import ApiKeys
from app.models import UsageRecord, utcnow
from app.settings import Settings
from app.stores import SqlUsageSink
from intelligence.testing.usage_sink import Store, UsageSinkContract, usage_of
from intelligence.usage import Usage


class SqlStore:
    """`SqlUsageSink` in an event loop of its own."""

    def __init__(self, database: Database, portal: BlockingPortal, key_id: str) -> None:
        self.key_id = key_id
        self._database = database
        self._portal = portal

    def record(self, usage: Usage) -> None:
        self._portal.call(SqlUsageSink(self._database).record, usage)

    def recorded(self, key_id: str | None) -> Sequence[Usage]:
        query = select(UsageRecord).where(UsageRecord.key_id == key_id).order_by(UsageRecord.id)

        async def rows() -> Sequence[UsageRecord]:
            async with self._database.session() as session:
                return (await session.scalars(query)).all()

        return [usage_of(row) for row in self._portal.call(rows)]


class TestSqlUsageSink(UsageSinkContract):
    @pytest.fixture
    def store(self, settings: Settings) -> Iterator[Store]:
        database = Database(settings.database_url)
        with start_blocking_portal() as portal:
            keys = ApiKeys(database, settings.secret_key)
            key = portal.call(keys.issue, "test", ["inference"])
            yield SqlStore(database, portal, "_".join(key.split("_", 2)[:2]))
            portal.call(database.close)


async def test_usage_has_the_time_at_which_it_was_written(database: Database) -> None:
    before = utcnow()
    usage = Usage(None, "embeddings", "timed", 7, 0, 1.5, 200)
    await SqlUsageSink(database).record(usage)
    query = select(UsageRecord).where(UsageRecord.model == "timed")
    async with database.session() as session:
        (row,) = (await session.scalars(query)).all()
    assert before <= row.created_at <= utcnow()
