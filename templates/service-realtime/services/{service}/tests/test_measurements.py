"""Measurements in SQL, by the tests that every store of `intelligence` passes."""

from collections.abc import Coroutine, Iterator
from typing import Any

import pytest
from anyio.from_thread import BlockingPortal, start_blocking_portal
from sqlalchemy import delete

from app.database import Database
from app.keys import ApiKeys
from app.measurements import MeasurementRecord, SqlMeasurements, WindowRecord
from app.settings import Settings
from intelligence.testing.measurement_store import (
    Clock,
    Kept,
    MeasurementStoreContract,
)


class SqlKept:
    """`SqlMeasurements` in an event loop of its own."""

    def __init__(self, database: Database, portal: BlockingPortal, keys: list[str]) -> None:
        self.clock = Clock()
        self.store = SqlMeasurements(database, self.clock)
        self._portal = portal
        mine, theirs = ("_".join(key.split("_", 2)[:2]) for key in keys)
        self.keys = (mine, theirs)

    def __call__[R](self, work: Coroutine[Any, Any, R]) -> R:
        async def wait() -> R:
            return await work

        return self._portal.call(wait)


async def forget(database: Database) -> None:
    async with database.session() as session:
        for table in (MeasurementRecord, WindowRecord):
            await session.execute(delete(table))


@pytest.fixture
def kept(settings: Settings) -> Iterator[Kept]:
    database = Database(settings.database_url)
    with start_blocking_portal() as portal:
        portal.call(forget, database)
        keys = ApiKeys(database, settings.secret_key)
        issued = [portal.call(keys.issue, name, ["measurements"]) for name in ("mine", "theirs")]
        yield SqlKept(database, portal, issued)
        portal.call(database.close)


class TestSqlMeasurements(MeasurementStoreContract):
    """On SQLite, or TEST_DATABASE_URL."""

    @pytest.fixture
    def kept(self, kept: Kept) -> Kept:
        return kept
