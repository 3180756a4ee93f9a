"""Recommendations over HTTP and in SQL, by the tests that every edge and every store of
`intelligence` passes, and how well is recommended (docs/recommendations.md)."""

import asyncio
from collections.abc import Iterator

import pytest
from sqlalchemy import delete, text

from app import indexing
from app import items as storing
from app.__main__ import main
from app.database import Database
from app.items import ItemRecord, SqlEvents, SqlItems
from app.settings import Settings
from intelligence.engine import Engine
from intelligence.errors import ModelError
from intelligence.recommending.popularity import heated
from intelligence.recommending.ports import EventStore, ItemStore
from intelligence.testing.edge import Edge
from intelligence.testing.embedder import MadeUpEmbedder
from intelligence.testing.item_store import (
    MODEL,
    NOW,
    OWNER,
    ItemStoreContract,
    ShortSighted,
    event,
    heats,
    item,
    names,
    put,
)
from intelligence.testing.recommendations import RecommendationsContract
from intelligence.testing.stores import Run, pointing
from intelligence.testing.taste import TasteContract


@pytest.fixture
def run() -> Iterator[Run]:
    with asyncio.Runner() as runner:
        yield runner.run


@pytest.fixture
def storage(settings: Settings, run: Run) -> Iterator[Database]:
    database = Database(settings.database_url)

    async def empty() -> None:
        async with database.session() as session:
            await session.execute(delete(ItemRecord))

    run(empty())
    yield database
    run(database.close())


@pytest.fixture
def items(storage: Database) -> ItemStore:
    return SqlItems(storage)


@pytest.fixture
def events(storage: Database) -> EventStore:
    return SqlEvents(storage)


class TestSqlItems(ItemStoreContract):
    """On SQLite, or TEST_DATABASE_URL."""


class TestTaste(TasteContract):
    """The gate: `just evaluate-recommendations` shows what it measures."""


class TestRecommendations(RecommendationsContract):
    """On the embedded model."""

    @pytest.fixture
    def edge(self, items: ItemStore, edge: Edge) -> Edge:
        """On stores that were emptied."""
        return edge


def test_sqlite_looks_at_parts_as_far_as_it_may(
    items: ItemStore, storage: Database, run: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    if storage.engine.name != "sqlite":
        pytest.skip("PostgreSQL has an index")
    monkeypatch.setattr(storing, "PART", 2)
    put(items, run, a=0, b=40, c=30, d=20, e=10)
    assert sorted(names(run(items.nearest(OWNER, pointing(0), MODEL, 2, ())))) == ["a", "e"]
    monkeypatch.setattr(storing, "SCANNED", 4)  # the newest: not `a`
    assert sorted(names(run(items.nearest(OWNER, pointing(0), MODEL, 2, ())))) == ["d", "e"]


def test_postgresql_goes_through_its_index(storage: Database, run: Run) -> None:
    if storage.engine.name != "postgresql":
        pytest.skip("SQLite looks at each vector")
    plans: list[str] = []

    async def explain() -> None:
        values = {
            "owner": OWNER,
            "model": MODEL,
            "without": ["a"],
            "vector": f"[{','.join(['0.5'] * 384)}]",
            "limit": 5,
        }
        async with storage.session() as session:
            for way in ("seqscan", "sort", "bitmapscan"):
                await session.execute(text(f"SET LOCAL enable_{way} = off"))
            query = text(f"EXPLAIN {storing.nearest_in_postgresql(384)}")
            plans.append("\n".join(await session.scalars(query, values)))

    run(explain())
    assert "ix_item_embedding_384" in plans[0]


def test_events_at_the_same_time_all_count_and_each_once(
    items: ItemStore, events: EventStore, run: Run
) -> None:
    put(items, run, a=0, b=0)
    sent = [event(f"{n}-{each}", each) for n in range(10) for each in "ab"]

    async def both() -> None:
        turns = (events.record(OWNER, turn) for turn in (sent, sent[::-1], sent[5:]))
        await asyncio.gather(*turns)

    run(both())
    expected = pytest.approx(heated(None, [("view", NOW)] * 10))
    assert heats(items, run) == {"a": expected, "b": expected}


def test_two_that_put_the_same_items_leave_each_once(items: ItemStore, run: Run) -> None:
    async def both() -> None:
        several = [item(name) for name in "abc"]
        turns = (several, several[::-1])
        await asyncio.gather(*(items.put(OWNER, turn, pointing(0, 1, 2), MODEL) for turn in turns))

    run(both())
    assert len(run(items.all(OWNER, after="", limit=10))) == 3


def test_reindexing_that_stops_says_so(monkeypatch: pytest.MonkeyPatch) -> None:
    def load() -> MadeUpEmbedder:
        raise ModelError("model.onnx", "missing", "reinstall")

    monkeypatch.setattr(indexing, "build_engine", lambda _: Engine(load))
    with pytest.raises(SystemExit, match=r"stopped.*model\.onnx: missing; reinstall"):
        main(["items", "reindex"])


def test_reindexing_embeds_what_another_model_embedded_and_names_what_it_cannot_read(
    run: Run,
    items: ItemStore,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.setattr(indexing, "build_engine", lambda _: Engine(ShortSighted))
    run(items.put(OWNER, [item("old")], pointing(0), "another"))
    run(items.put(OWNER, [item("long", text="word " * 20)], pointing(0), "another"))
    run(items.put(OWNER, [item("new")], pointing(0), MadeUpEmbedder.model))
    for expected in ("1 items", "0 items"):
        assert main(["items", "reindex"]) == 0
        said = capsys.readouterr().err
        assert f"{expected} embedded anew with made-up" in said
        assert "too long for it, put them anew: long" in said
    kept = run(items.get(OWNER, ["old", "long"]))
    assert {name: each.model for name, each in kept.items()} == {
        "old": MadeUpEmbedder.model,
        "long": "another",
    }
