"""Documents over HTTP and in SQL, by the tests that every edge and every store of `intelligence`
passes, and how well they are found (docs/retrieval.md)."""

import asyncio
from collections.abc import Iterator
from concurrent.futures import Future
from io import StringIO
from pathlib import Path

import asgi_edge
import numpy as np
import pytest
from django.conf import settings as configured
from django.core.management import CommandError, call_command
from django.db import connection
from django.test import Client
from pytest_django import Settings

from apps.ai import keys
from apps.api import engine as process
from apps.api.waiting import Waiting
from apps.documents import chunk_search, seeds
from apps.documents.indexing import put_pages
from apps.documents.stores import DjangoChunkStore
from intelligence.api.asking import CallerLeft
from intelligence.engine import Engine
from intelligence.errors import ModelError
from intelligence.retrieval.ports import ChunkStore
from intelligence.testing.chunk_store import MODEL, PARTS, ChunkStoreContract, document, texts
from intelligence.testing.documents import DocumentsContract
from intelligence.testing.edge import GUARD, Edge
from intelligence.testing.embedder import MadeUpEmbedder
from intelligence.testing.retrieval import RetrievalContract
from intelligence.testing.stores import Run, pointing, towards

on_sqlite = configured.DATABASES["default"]["ENGINE"].endswith("sqlite3")


@pytest.fixture
def run() -> Run:
    return asgi_edge.run


@pytest.fixture
def store(db: None) -> ChunkStore:
    return DjangoChunkStore()


@pytest.fixture
def edge(engine: Engine) -> Iterator[Edge]:
    engine.start().result(GUARD)
    with pytest.MonkeyPatch.context() as patch:  # of its own: tests undo theirs
        patch.setattr(process, "engine", engine)
        yield asgi_edge.Platform()


class TestDjangoChunkStore(ChunkStoreContract):
    """On SQLite, or TEST_DATABASE_URL."""


class TestRetrieval(RetrievalContract):
    """The gate: `just evaluate` shows what it measures."""


@pytest.mark.django_db(transaction=True)
class TestDocuments(DocumentsContract):
    """On the embedded model, without a transaction around each test that would hold a session."""


def test_what_is_looked_at_in_parts_is_looked_at_whole(
    store: ChunkStore, run: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(chunk_search, "SCANNED", 2)
    degrees = [50, 40, 30, 20, 10]
    names = [str(each) for each in degrees]
    run(store.put(document("turning"), names, pointing(*degrees), MODEL))
    assert texts(run(store.search("", towards(0), MODEL, 5))) == names[::-1]


def test_vectors_are_kept_to_the_bit(store: ChunkStore, run: Run) -> None:
    vectors = np.random.default_rng(0).normal(size=(3, 384)).astype(np.float32)
    vectors /= np.linalg.norm(vectors, axis=1, keepdims=True)
    run(store.put(document("manual"), PARTS, vectors, MODEL))
    for position, vector in enumerate(vectors):
        (found,) = run(store.search("", vector, MODEL, 1))
        assert found.position == position
        assert found.cosine == pytest.approx(1, abs=1e-6)


@pytest.mark.skipif(not on_sqlite, reason="PostgreSQL generates the column")
def test_the_index_of_words_follows_the_chunks(store: ChunkStore, run: Run) -> None:
    """FTS5 compares its index with the table that it is of."""
    run(store.put(document("manual"), PARTS, pointing(0, 45, 90), MODEL))
    run(store.put(document("manual"), PARTS[:1], pointing(0), MODEL))
    run(store.put(document("gone"), PARTS[1:], pointing(0, 45), MODEL))
    run(store.delete("gone"))
    found = []
    with connection.cursor() as cursor:
        cursor.execute("UPDATE chunk SET text = 'Rims wear.'")
        cursor.execute("INSERT INTO chunk_words (chunk_words, rank) VALUES ('integrity-check', 1)")
        for words in ("rims", "magnet OR bolts"):
            cursor.execute("SELECT rowid FROM chunk_words WHERE chunk_words MATCH %s", [words])
            found.append(len(cursor.fetchall()))
    assert found == [1, 0]


@pytest.mark.skipif(on_sqlite, reason="SQLite looks at each vector")
def test_postgresql_goes_through_its_indexes(store: ChunkStore) -> None:
    vector = f"[{','.join(['0.5'] * 384)}]"
    with connection.cursor() as cursor:
        cursor.execute("SET LOCAL enable_seqscan = off")
        cursor.execute("SET LOCAL enable_sort = off")
        query = chunk_search.nearest_in_postgresql(384)
        cursor.execute(f"EXPLAIN {query}", [MODEL, vector, 5])
        plan = "\n".join(row[0] for row in cursor.fetchall())
    assert "ix_chunk_embedding_384" in plan


@pytest.mark.django_db
def test_a_process_of_requests_alone_says_that_it_is_the_wrong_one(client: Client) -> None:
    key = keys.issue("test", ["documents"])
    response = client.get("/v1/documents", headers={"Authorization": f"Bearer {key}"})
    assert response.status_code == 503
    assert "ASGI" in response.json()["detail"]


def waiting_for(first: Future[str], second: Future[str]) -> list[str]:
    """What becomes of two futures whose caller leaves while the first is waited for."""

    async def wait() -> list[str]:
        said, waiting = [], Waiting()

        async def both() -> None:
            for each in (first, second):
                try:
                    said.append(await waiting(each))
                except CallerLeft:
                    said.append("left")

        asked = asyncio.ensure_future(both())
        await asyncio.sleep(0.05)
        asked.cancel()
        asyncio.get_running_loop().call_later(0.05, _finish, first)
        await asked
        return said

    return asyncio.run(wait())


def _finish(future: Future[str]) -> None:
    if future.running():
        future.set_result("paid for")


def test_a_caller_who_leaves_takes_out_of_the_queue_what_waits_and_waits_for_what_runs() -> None:
    first, second = Future[str](), Future[str]()
    assert waiting_for(first, second) == ["left", "left"]
    running, next_ = Future[str](), Future[str]()
    running.set_running_or_notify_cancel()
    assert waiting_for(running, next_) == ["paid for", "left"]
    assert [each.cancelled() for each in (first, second, next_)] == [True] * 3


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "README.md").write_text("# Demo\n\nIt listens on port 8000.\n")
    (tmp_path / "docs").mkdir()
    (tmp_path / "docs/models.md").write_text("# The model\n\nIt reads 256 tokens.\n")
    return tmp_path


class Loads:
    """A model that is made up, and how often it was loaded."""

    def __init__(self) -> None:
        self.times = 0

    def __call__(self) -> MadeUpEmbedder:
        self.times += 1
        return MadeUpEmbedder()


@pytest.fixture
def loads(settings: Settings) -> Loads:
    settings.LOAD_MODEL = loads = Loads()
    return loads


def broken() -> MadeUpEmbedder:
    raise ModelError("model.onnx", "missing", "reinstall")


def test_the_projects_own_pages_are_put_once(
    run: Run, store: ChunkStore, folder: Path, loads: Loads, caplog: pytest.LogCaptureFixture
) -> None:
    run(put_pages(folder))
    assert [each.getMessage() for each in caplog.records] == [
        "embedding the project's own pages, so that they can be found: 2 of them",
        "embedded 1 of 2: README.md",
        "embedded 2 of 2: docs-models.md",
    ]
    stored = run(store.all(after="", limit=10))
    titles = {each.document.id: each.document.title for each in stored}
    assert titles == {"README.md": "Demo", "docs-models.md": "The model"}
    run(put_pages(folder))
    assert loads.times == 1
    (folder / "README.md").write_text("# Demo\n\nIt listens on port 9000.\n")
    run(put_pages(folder))
    assert loads.times == 2


@pytest.mark.usefixtures("store")
def test_where_there_are_no_pages_nothing_is_put(run: Run, tmp_path: Path, loads: Loads) -> None:
    run(put_pages(tmp_path))
    assert loads.times == 0


@pytest.mark.usefixtures("store")
def test_a_model_that_cannot_be_loaded_is_said_and_stops_nothing(
    settings: Settings, caplog: pytest.LogCaptureFixture
) -> None:
    settings.LOAD_MODEL = broken
    seeds.seed()
    assert "model.onnx: missing; reinstall" in caplog.text


@pytest.mark.usefixtures("store")
def test_reindexing_that_stops_says_so(settings: Settings) -> None:
    settings.LOAD_MODEL = broken
    with pytest.raises(CommandError, match=r"stopped.*model\.onnx: missing; reinstall"):
        call_command("documents", "reindex")


@pytest.mark.usefixtures("loads")
def test_reindexing_embeds_what_another_model_embedded(run: Run, store: ChunkStore) -> None:
    run(store.put(document("old"), PARTS, pointing(0, 45, 90), "another"))
    run(store.put(document("new"), PARTS, pointing(0, 45, 90), MadeUpEmbedder.model))
    for expected in ("1 documents", "0 documents"):
        out = StringIO()
        call_command("documents", "reindex", stdout=out)
        assert out.getvalue() == f"{expected} embedded anew\n"
    stored = run(store.get("old"))
    assert stored is not None
    assert (stored.document, stored.model) == (document("old"), MadeUpEmbedder.model)
