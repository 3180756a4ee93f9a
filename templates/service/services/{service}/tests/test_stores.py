import asyncio
from collections.abc import AsyncGenerator, Iterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import replace
from types import SimpleNamespace

import pytest
from anyio.from_thread import BlockingPortal, start_blocking_portal
from sqlalchemy import event, select
from sqlalchemy.exc import OperationalError
from sqlalchemy.ext.asyncio import AsyncSession

from app.database import Database
from app.keys import ApiKeys
from app.main import create_app
from app.models import UsageRecord, utcnow
from app.settings import Settings
from app.stores import Entry, SqlUsageSink
from intelligence.engine import Engine
from intelligence.testing.embedder import MadeUpEmbedder
from intelligence.testing.usage_sink import PRICES, Store, UsageSinkContract, usage_of
from intelligence.usage import Usage


class SqlStore:
    """`SqlUsageSink` in an event loop of its own."""

    def __init__(self, database: Database, portal: BlockingPortal, key_id: str) -> None:
        self.key_id = key_id
        self._database = database
        self._portal = portal
        self._sink = SqlUsageSink(database, PRICES)

    def record(self, usage: Usage) -> None:
        self._portal.call(self._sink.record, usage)
        self._portal.call(self._sink.flush)

    def recorded(self, key_id: str | None) -> Sequence[Usage]:
        return [usage_of(row) for row in self._portal.call(self._rows, key_id)]

    def costs(self, key_id: str | None) -> Sequence[int | None]:
        return [row.cost_nano for row in self._portal.call(self._rows, key_id)]

    async def _rows(self, key_id: str | None) -> Sequence[UsageRecord]:
        query = select(UsageRecord).where(UsageRecord.key_id == key_id).order_by(UsageRecord.id)
        async with self._database.session() as session:
            return (await session.scalars(query)).all()


class TestSqlUsageSink(UsageSinkContract):
    @pytest.fixture
    def store(self, settings: Settings) -> Iterator[Store]:
        database = Database(settings.database_url)
        with start_blocking_portal() as portal:
            keys = ApiKeys(database, settings.secret_key)
            key = portal.call(keys.issue, "test", ["inference"])
            yield SqlStore(database, portal, "_".join(key.split("_", 2)[:2]))
            portal.call(database.close)


@pytest.fixture
def sink(database: Database) -> SqlUsageSink:
    return SqlUsageSink(database, PRICES)


@pytest.fixture
def usage(request: pytest.FixtureRequest) -> Usage:
    """Of a model that is named after the test."""
    return Usage(None, "embeddings", request.node.name[:100], 7, 0, 1.5, 200)


async def written(database: Database, usage: Usage) -> list[UsageRecord]:
    query = select(UsageRecord).where(UsageRecord.model == usage.model).order_by(UsageRecord.id)
    async with database.session() as session:
        return list(await session.scalars(query))


async def test_usage_has_the_time_at_which_it_was_recorded(
    database: Database, sink: SqlUsageSink, usage: Usage
) -> None:
    before = utcnow()
    await sink.record(usage)
    after = utcnow()
    await sink.flush()
    (row,) = await written(database, usage)
    assert before <= row.created_at <= after


async def test_what_comes_in_during_a_write_is_the_next(
    database: Database, sink: SqlUsageSink, usage: Usage
) -> None:
    writes: list[str] = []

    def wrote(_: object, __: object, statement: str, *___: object) -> None:
        if statement.startswith("INSERT INTO usage_record"):
            writes.append(statement)

    event.listen(database.engine.sync_engine, "before_cursor_execute", wrote)
    await sink.record(usage)
    await asyncio.sleep(0)  # lets the first write begin
    for status in (201, 202, 203):
        await sink.record(replace(usage, status=status))
    await sink.flush()
    assert len(writes) == 2
    assert [row.status for row in await written(database, usage)] == [200, 201, 202, 203]


async def test_a_row_that_is_refused_takes_no_other_along(
    database: Database, sink: SqlUsageSink, usage: Usage, caplog: pytest.LogCaptureFixture
) -> None:
    for each in (usage, replace(usage, key_id="ak_nobody", status=404), usage):
        await sink.record(each)
    await sink.flush()
    assert [row.status for row in await written(database, usage)] == [200, 200]
    (line,) = [each.getMessage() for each in caplog.records if each.name == "app.stores"]
    assert line.startswith("usage lost")
    assert "status=404" in line


async def test_the_queue_is_bounded(
    database: Database, usage: Usage, caplog: pytest.LogCaptureFixture
) -> None:
    sink = SqlUsageSink(database, PRICES, max_waiting=1)
    await sink.record(usage)
    await sink.record(replace(usage, status=503))
    await sink.flush()
    assert [row.status for row in await written(database, usage)] == [200]
    assert "usage lost" in caplog.text
    assert "status=503" in caplog.text


async def test_a_database_that_fails_is_logged_and_asked_again(
    database: Database,
    sink: SqlUsageSink,
    usage: Usage,
    caplog: pytest.LogCaptureFixture,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def fails(_: Database) -> None:
        raise OperationalError("INSERT", None, Exception("gone"))

    with monkeypatch.context() as patch:
        patch.setattr(Database, "session", fails)
        await sink.record(replace(usage, status=500))
        await sink.flush()
    assert "usage lost, gone" in caplog.text
    assert "status=500" in caplog.text
    await sink.record(usage)
    await sink.flush()
    assert [row.status for row in await written(database, usage)] == [200]


async def test_a_database_that_hangs_does_not_hold_the_end_up(
    database: Database,
    sink: SqlUsageSink,
    usage: Usage,
    caplog: pytest.LogCaptureFixture,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    @asynccontextmanager
    async def hangs() -> AsyncGenerator[AsyncSession]:
        await asyncio.Event().wait()
        yield pytest.fail("unreachable")

    # Its alone: what else the app keeps is waited for at its end.
    monkeypatch.setattr(sink, "_database", SimpleNamespace(session=hangs))
    await sink.record(usage)
    await asyncio.sleep(0)
    await sink.record(replace(usage, status=500))
    await sink.close(0.01)
    lost = [line for line in caplog.messages if line.startswith("usage lost")]
    assert ["status=200" in lost[0], "status=500" in lost[1]] == [True, True]
    assert len(lost) == 2


async def test_what_was_recorded_is_written_before_the_database_is_let_go(
    settings: Settings, usage: Usage, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The write begins when the engine has drained, and takes its time."""
    happened: list[str] = []
    drained = asyncio.Event()
    loop = asyncio.get_running_loop()
    insert, close, drain = SqlUsageSink._insert, Database.close, Engine.close

    async def insert_late(sink: SqlUsageSink, entries: Sequence[Entry]) -> None:
        await drained.wait()
        for _ in range(100):
            await asyncio.sleep(0)
        await insert(sink, entries)
        happened.append("written")

    async def let_go(database: Database) -> None:
        happened.append("let go")
        await close(database)

    def drain_and_say(engine: Engine, timeout: float) -> None:
        drain(engine, timeout)
        loop.call_soon_threadsafe(drained.set)

    monkeypatch.setattr(SqlUsageSink, "_insert", insert_late)
    monkeypatch.setattr(Database, "close", let_go)
    monkeypatch.setattr(Engine, "close", drain_and_say)
    app = create_app(settings, Engine(MadeUpEmbedder))
    async with app.router.lifespan_context(app):
        await app.state.usage_sink.record(usage)
    assert happened == ["written", "let go"]
