"""Documents over HTTP and in SQL, by the tests that every edge and every store of `intelligence`
passes, and how well they are found (docs/retrieval.md)."""

import asyncio
import re
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
from sqlalchemy import delete, text

from app import chunk_search, documents, indexing
from app.__main__ import main
from app.chunks import DocumentRecord, SqlChunkStore
from app.database import Database
from app.documents import put_pages
from app.library import STAFFS
from app.main import create_app
from app.settings import Settings
from intelligence.engine import Engine
from intelligence.errors import ModelError
from intelligence.retrieval.ports import ChunkStore
from intelligence.testing.chunk_store import MODEL, PARTS, ChunkStoreContract, document, texts
from intelligence.testing.documents import DocumentsContract
from intelligence.testing.edge import Edge
from intelligence.testing.embedder import MadeUpEmbedder
from intelligence.testing.retrieval import RetrievalContract
from intelligence.testing.stores import Run, pointing, towards


@pytest.fixture
def run() -> Iterator[Run]:
    with asyncio.Runner() as runner:
        yield runner.run


@pytest.fixture
def storage(settings: Settings, run: Run) -> Iterator[Database]:
    database = Database(settings.database_url)

    async def empty() -> None:
        async with database.session() as session:
            await session.execute(delete(DocumentRecord))

    run(empty())
    yield database
    run(database.close())


@pytest.fixture
def store(storage: Database) -> ChunkStore:
    return SqlChunkStore(storage, STAFFS)


class TestSqlChunkStore(ChunkStoreContract):
    """On SQLite, or TEST_DATABASE_URL."""


class TestRetrieval(RetrievalContract):
    """The gate: `just evaluate` shows what it measures."""


class TestDocuments(DocumentsContract):
    """On the embedded model."""

    @pytest.fixture
    def edge(self, store: ChunkStore, edge: Edge) -> Edge:
        """On a store that was emptied."""
        return edge


def test_what_is_looked_at_in_parts_is_looked_at_whole(
    store: ChunkStore, run: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(chunk_search, "SCANNED", 2)
    degrees = [50, 40, 30, 20, 10]
    names = [str(each) for each in degrees]
    run(store.put(document("turning"), names, pointing(*degrees), MODEL))
    assert texts(run(store.search("", towards(0), MODEL, 5))) == names[::-1]


def test_vectors_are_kept_to_the_bit(store: ChunkStore, storage: Database, run: Run) -> None:
    vectors = np.random.default_rng(0).normal(size=(3, 384)).astype(np.float32)
    vectors /= np.linalg.norm(vectors, axis=1, keepdims=True)
    run(store.put(document("manual"), PARTS, vectors, MODEL))
    for position, vector in enumerate(vectors):
        (found,) = run(store.search("", vector, MODEL, 1))
        assert found.position == position
        assert found.cosine == pytest.approx(1, abs=1e-6)


def test_the_index_of_words_follows_the_chunks(
    store: ChunkStore, storage: Database, run: Run
) -> None:
    """FTS5 compares its index with the table that it is of; PostgreSQL's column is generated."""
    if storage.engine.name != "sqlite":
        pytest.skip("PostgreSQL generates the column")
    run(store.put(document("manual"), PARTS, pointing(0, 45, 90), MODEL))
    run(store.put(document("manual"), PARTS[:1], pointing(0), MODEL))
    run(store.put(document("gone"), PARTS[1:], pointing(0, 45), MODEL))
    run(store.delete("gone"))

    async def look() -> list[int]:
        async with storage.session() as session:
            await session.execute(text("UPDATE chunk SET text = 'Rims wear.'"))
            check = "INSERT INTO chunk_words (chunk_words, rank) VALUES ('integrity-check', 1)"
            await session.execute(text(check))
            return [
                len((await session.execute(text(query))).all())
                for query in (
                    "SELECT rowid FROM chunk_words WHERE chunk_words MATCH 'rims'",
                    "SELECT rowid FROM chunk_words WHERE chunk_words MATCH 'magnet OR bolts'",
                )
            ]

    assert run(look()) == [1, 0]


def test_two_that_put_the_same_document_leave_one_of_them(
    store: ChunkStore, storage: Database, run: Run
) -> None:
    async def both() -> None:
        await asyncio.gather(
            *(
                store.put(document("same", digest=str(n)), [str(n)] * 3, pointing(0, 1, 2), MODEL)
                for n in range(5)
            )
        )

    run(both())
    stored = run(store.get("same"))
    assert stored is not None
    assert stored.chunks == 3
    assert {each.text for each in run(store.search("", towards(0), MODEL, 20))} == {
        stored.document.digest[0]
    }


def test_a_library_is_a_piece_of_an_index(storage: Database, run: Run) -> None:
    explain = "EXPLAIN QUERY PLAN" if storage.engine.name == "sqlite" else "EXPLAIN"
    query = f"{explain} SELECT position FROM chunk WHERE {chunk_search.WITHIN}"

    async def plan() -> str:
        async with storage.session() as session:
            if storage.engine.name == "postgresql":
                await session.execute(text("SET LOCAL enable_seqscan = off"))
                await session.execute(text("SET LOCAL enable_bitmapscan = off"))
            rows = await session.execute(text(query), chunk_search.span("ak_1/"))
            return " ".join(str(value) for row in rows for value in row)

    said = run(plan())
    assert "ix_chunk_document_id_position" in said
    assert re.search(r"document_id>\?|Index Cond: .*document_id.* >= ", said), said


@pytest.mark.parametrize("library", ["", "staff/", "ak_1/"])
def test_what_spans_a_library_begins_with_its_name(library: str) -> None:
    ends = chunk_search.span(library)
    ids = ["a", "ak_1/", "ak_1/a", "ak_1/\uffff", "ak_10/a", "ak_1", "ak_2/a", "staff/~", "staff0"]
    within = [each for each in ids if ends["first"] <= each < ends["beyond"]]
    assert within == [each for each in ids if each.startswith(library)]


def test_postgresql_goes_through_its_indexes(
    store: ChunkStore, storage: Database, run: Run
) -> None:
    if storage.engine.name != "postgresql":
        pytest.skip("SQLite looks at each vector")
    plans: list[str] = []

    async def explain() -> None:
        vector = f"[{','.join(['0.5'] * 384)}]"
        async with storage.session() as session:
            await session.execute(text("SET LOCAL enable_seqscan = off"))
            await session.execute(text("SET LOCAL enable_sort = off"))
            query = chunk_search.nearest_in_postgresql(384)
            values = {"model": MODEL, "vector": vector, "limit": 5, **chunk_search.span(STAFFS)}
            rows = await session.scalars(text(f"EXPLAIN {query}"), values)
            plans.append("\n".join(rows))

    run(explain())
    assert "ix_chunk_embedding_384" in plans[0]


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "README.md").write_text("# Demo\n\nIt listens on port 8000.\n")
    (tmp_path / "docs").mkdir()
    (tmp_path / "docs/models.md").write_text("# The model\n\nIt reads 256 tokens.\n")
    return tmp_path


def put_all(run: Run, storage: Database, folder: Path) -> Engine:
    engine = Engine(MadeUpEmbedder)
    run(put_pages(storage, engine, folder))
    return engine


def test_the_projects_own_pages_are_put_once(
    run: Run,
    storage: Database,
    store: ChunkStore,
    folder: Path,
    caplog: pytest.LogCaptureFixture,
) -> None:
    caplog.set_level("INFO", "app.documents")
    first = put_all(run, storage, folder)
    assert [each.getMessage() for each in caplog.records] == [
        "embedding the project's own pages, so that they can be found: 2 of them",
        "embedded 1 of 2: README.md",
        "embedded 2 of 2: docs-models.md",
    ]
    stored = run(store.all(after="", limit=10))
    titles = {each.document.id: each.document.title for each in stored}
    assert titles == {"README.md": "Demo", "docs-models.md": "The model"}
    assert first.batches == 2
    assert put_all(run, storage, folder).batches == 0
    (folder / "README.md").write_text("# Demo\n\nIt listens on port 9000.\n")
    assert put_all(run, storage, folder).batches == 1


def test_where_there_are_no_pages_nothing_is_put(
    run: Run, storage: Database, store: ChunkStore, tmp_path: Path
) -> None:
    put_all(run, storage, tmp_path)
    assert run(store.all(after="", limit=10)) == []


def test_a_model_that_cannot_be_loaded_is_said_and_stops_nothing(
    run: Run, storage: Database, folder: Path, caplog: pytest.LogCaptureFixture
) -> None:
    def load() -> MadeUpEmbedder:
        raise ModelError("model.onnx", "missing", "reinstall")

    run(put_pages(storage, Engine(load), folder))
    assert "model.onnx: missing; reinstall" in caplog.text


@pytest.mark.parametrize(("environment", "asked"), [("development", True), ("test", False)])
def test_only_development_puts_its_own_pages(
    run: Run, storage: Database, monkeypatch: pytest.MonkeyPatch, environment: str, *, asked: bool
) -> None:
    put: list[Path] = []

    async def keep(_: Database, __: Engine, folder: Path) -> None:
        put.append(folder)

    monkeypatch.setattr(documents, "put_pages", keep)
    monkeypatch.setenv("APP_ENV", environment)
    app = create_app(Settings(), Engine(MadeUpEmbedder))
    for seed in app.state.seeds:
        run(seed(app.state.keys))
    run(app.state.database.close())
    assert [(folder / "pyproject.toml").is_file() for folder in put] == [True] * asked


def test_reindexing_that_stops_says_so(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def load() -> MadeUpEmbedder:
        raise ModelError("model.onnx", "missing", "reinstall")

    monkeypatch.setattr(indexing, "build_engine", lambda _: Engine(load))
    with pytest.raises(SystemExit, match=r"stopped.*model\.onnx: missing; reinstall"):
        main(["documents", "reindex"])


def test_reindexing_embeds_what_another_model_embedded(
    run: Run,
    store: ChunkStore,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.setattr(indexing, "build_engine", lambda _: Engine(MadeUpEmbedder))
    run(store.put(document("old"), PARTS, pointing(0, 45, 90), "another"))
    run(store.put(document("new"), PARTS, pointing(0, 45, 90), MadeUpEmbedder.model))
    for expected in ("1 documents", "0 documents"):
        assert main(["documents", "reindex"]) == 0
        assert f"{expected} embedded anew with made-up" in capsys.readouterr().err
    stored = run(store.get("old"))
    assert stored is not None
    assert (stored.document, stored.model) == (document("old"), MadeUpEmbedder.model)
