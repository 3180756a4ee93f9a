"""Recommendations over HTTP and in SQL, by the tests that every edge and every store of
`intelligence` passes, and how well is recommended (docs/recommendations.md)."""

import asyncio
from collections.abc import Iterator
from io import StringIO

import pytest
import wsgi_edge
from django.conf import settings as configured
from django.core.management import CommandError, call_command
from django.db import connection
from pytest_django import Settings

from apps.api import engine as process
from apps.recommendations import blocking, stores
from apps.recommendations.stores import DjangoEvents, DjangoItems
from intelligence.engine import Engine
from intelligence.errors import ModelError
from intelligence.recommending.ports import EventStore, ItemStore
from intelligence.testing.edge import GUARD, Edge
from intelligence.testing.embedder import MadeUpEmbedder
from intelligence.testing.item_store import (
    MODEL,
    OWNER,
    ItemStoreContract,
    ShortSighted,
    item,
    names,
    put,
)
from intelligence.testing.recommendations import RecommendationsContract
from intelligence.testing.stores import Run, pointing
from intelligence.testing.taste import TasteContract

on_sqlite = configured.DATABASES["default"]["ENGINE"].endswith("sqlite3")


@pytest.fixture
def run() -> Run:
    return blocking.run


@pytest.fixture
def items(db: None) -> ItemStore:
    return DjangoItems()


@pytest.fixture
def events(db: None) -> EventStore:
    return DjangoEvents()


@pytest.fixture
def edge(engine: Engine) -> Iterator[Edge]:
    engine.start().result(GUARD)
    with pytest.MonkeyPatch.context() as patch:  # of its own: tests undo theirs
        patch.setattr(process, "engine", engine)
        yield wsgi_edge.Platform()


class TestDjangoItems(ItemStoreContract):
    """On SQLite, or TEST_DATABASE_URL."""


class TestTaste(TasteContract):
    """The gate: `just evaluate-recommendations` shows what it measures."""


@pytest.mark.django_db(transaction=True)
class TestRecommendations(RecommendationsContract):
    """On the embedded model, without a transaction around each test that would hold a session."""


@pytest.mark.skipif(not on_sqlite, reason="PostgreSQL has an index")
def test_sqlite_looks_at_parts_as_far_as_it_may(
    items: ItemStore, run: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(stores, "PART", 2)
    put(items, run, a=0, b=40, c=30, d=20, e=10)
    assert sorted(names(run(items.nearest(OWNER, pointing(0), MODEL, 2, ())))) == ["a", "e"]
    monkeypatch.setattr(stores, "SCANNED", 4)  # the newest: not `a`
    assert sorted(names(run(items.nearest(OWNER, pointing(0), MODEL, 2, ())))) == ["d", "e"]


@pytest.mark.skipif(on_sqlite, reason="SQLite looks at each vector")
@pytest.mark.django_db
def test_postgresql_goes_through_its_index() -> None:
    vector = f"[{','.join(['0.5'] * 384)}]"
    with connection.cursor() as cursor:
        for way in ("seqscan", "sort", "bitmapscan"):
            cursor.execute(f"SET LOCAL enable_{way} = off")
        query = stores.nearest_in_postgresql(384)
        cursor.execute(f"EXPLAIN {query}", [OWNER, MODEL, ["a"], vector, 5])
        plan = "\n".join(row[0] for row in cursor.fetchall())
    assert "ix_item_embedding_384" in plan


def test_a_coroutine_that_waits_for_an_event_loop_is_an_error() -> None:
    with pytest.raises(RuntimeError, match="event loop"):
        blocking.run(asyncio.sleep(1))


@pytest.mark.django_db
def test_reindexing_that_stops_says_so(settings: Settings) -> None:
    def broken() -> MadeUpEmbedder:
        raise ModelError("model.onnx", "missing", "reinstall")

    settings.LOAD_MODEL = broken
    with pytest.raises(CommandError, match=r"stopped.*model\.onnx: missing; reinstall"):
        call_command("items", "reindex")


def test_reindexing_embeds_what_another_model_embedded_and_names_what_it_cannot_read(
    settings: Settings, run: Run, items: ItemStore
) -> None:
    settings.LOAD_MODEL = ShortSighted
    run(items.put(OWNER, [item("old")], pointing(0), "another"))
    run(items.put(OWNER, [item("long", text="word " * 20)], pointing(0), "another"))
    run(items.put(OWNER, [item("new")], pointing(0), MadeUpEmbedder.model))
    for expected in ("1 items", "0 items"):
        out, err = StringIO(), StringIO()
        call_command("items", "reindex", stdout=out, stderr=err)
        assert out.getvalue() == f"{expected} embedded anew\n"
        assert err.getvalue() == "too long for it, put them anew: long\n"
    kept = run(items.get(OWNER, ["old", "long"]))
    assert {name: each.model for name, each in kept.items()} == {
        "old": MadeUpEmbedder.model,
        "long": "another",
    }
