"""Documents and search over HTTP, by the tests that every edge of `intelligence` passes."""

from pathlib import Path

import pytest

from app import documents
from app.__main__ import main
from app.database import Database
from app.documents import put_pages
from app.main import create_app
from app.settings import Settings
from intelligence.engine import Engine
from intelligence.errors import ModelError
from intelligence.retrieval.ports import ChunkStore
from intelligence.testing.chunk_store import PARTS, Run, document, pointing
from intelligence.testing.documents import DocumentsContract
from intelligence.testing.edge import Edge
from intelligence.testing.embedder import MadeUpEmbedder


class TestDocuments(DocumentsContract):
    @pytest.fixture
    def edge(self, store: ChunkStore, edge: Edge) -> Edge:
        """On a store that was emptied."""
        return edge


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
    run: Run, storage: Database, store: ChunkStore, folder: Path
) -> None:
    first = put_all(run, storage, folder)
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
    run: Run, storage: Database, folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    def load() -> MadeUpEmbedder:
        raise ModelError("model.onnx", "missing", "reinstall")

    run(put_pages(storage, Engine(load), folder))
    assert "model.onnx: missing; reinstall" in capsys.readouterr().err


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
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def load() -> MadeUpEmbedder:
        raise ModelError("model.onnx", "missing", "reinstall")

    monkeypatch.setattr(documents, "build_engine", lambda _: Engine(load))
    assert main(["documents", "reindex"]) == 1
    assert "model.onnx: missing; reinstall" in capsys.readouterr().err


def test_reindexing_embeds_what_another_model_embedded(
    run: Run,
    store: ChunkStore,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.setattr(documents, "build_engine", lambda _: Engine(MadeUpEmbedder))
    run(store.put(document("old"), PARTS, pointing(0, 45, 90), "another"))
    run(store.put(document("new"), PARTS, pointing(0, 45, 90), MadeUpEmbedder.model))
    for expected in ("1 documents", "0 documents"):
        assert main(["documents", "reindex"]) == 0
        assert f"{expected} embedded anew with made-up" in capsys.readouterr().out
    stored = run(store.get("old"))
    assert stored is not None
    assert (stored.document, stored.model) == (document("old"), MadeUpEmbedder.model)
