"""What a process does and serves by its APP_ROLE, and what it refuses to start with."""

from collections.abc import Iterator
from contextlib import nullcontext

import httpx2
import pytest
from fastapi import WebSocket, WebSocketDisconnect
from fastapi.testclient import TestClient
from prometheus_client import generate_latest
from pydantic import ValidationError
from sqlalchemy import func, select

from app import telemetry
from app.jobs import JobSettings
from app.main import create_app
from app.models import UsageRecord
from app.settings import Settings
from intelligence.engine import Engine
from intelligence.testing import model_server
from intelligence.testing.embedder import MadeUpEmbedder
from intelligence.testing.model_server import ModelServer
from intelligence.usage import Usage

REDIS = "redis://localhost:1/0"  # where nobody listens
EMBEDDINGS = {"model": "all-minilm-l6-v2-int8", "input": ["Where is my parcel?", "A refund."]}
CLASSIFY = {"texts": ["My card was charged twice."], "labels": ["a payment", "a delivery"]}


@pytest.mark.parametrize(
    ("environ", "says"),
    [
        ({"APP_ROLE": "worker"}, "APP_ROLE=worker needs REDIS_URL"),
        ({"APP_ROLE": "api"}, "APP_ROLE=api needs REDIS_URL"),
        ({"APP_ROLE": "worker", "REDIS_URL": REDIS}, "SQLite serves one"),
        ({"APP_ROLE": "everything"}, "app_role"),
        ({"REDIS_URL": "localhost:6379"}, "redis_url"),
        ({"JOBS_CONCURRENCY": "0"}, "JOBS_CONCURRENCY=0 leaves jobs to workers"),
        (
            {
                "APP_ROLE": "worker",
                "REDIS_URL": REDIS,
                "DATABASE_URL": "postgresql://localhost/jobs",
                "JOBS_CONCURRENCY": "0",
            },
            "JOBS_CONCURRENCY=0 leaves jobs to workers",
        ),
    ],
)
def test_what_cannot_work_is_refused_and_said(
    environ: dict[str, str], says: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("DATABASE_URL", "sqlite:///jobs.sqlite3")
    for name, value in environ.items():
        monkeypatch.setenv(name, value)
    with pytest.raises(ValidationError) as refusal:
        JobSettings()
    assert says in str(refusal.value)
    assert "localhost:6379" not in str(refusal.value)  # it may hold a password


@pytest.mark.parametrize(
    ("role", "concurrency"), [("all", 2), ("api", 0), ("inference", 0), ("worker", 2)]
)
def test_jobs_are_worked_on_by_some_roles(
    role: str, concurrency: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("APP_ROLE", role)
    monkeypatch.setenv("REDIS_URL", REDIS)
    monkeypatch.setenv("DATABASE_URL", "postgresql://localhost/jobs")
    settings = JobSettings()
    assert settings.concurrency == concurrency
    assert settings.grace == (15 if role == "worker" else 5)


@pytest.mark.parametrize(
    ("role", "served"),
    [
        ("inference", {"/livez", "/readyz", "/v1/embeddings", "/v1/classify", "/v1/models"}),
        ("worker", {"/livez", "/readyz"}),
    ],
)
async def test_a_process_serves_what_its_role_is_for(
    role: str, served: set[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    paths = set(create_app(Settings(), Engine(MadeUpEmbedder)).openapi()["paths"])
    assert served < paths
    monkeypatch.setenv("APP_ROLE", role)
    if role == "worker":
        monkeypatch.setenv("REDIS_URL", REDIS)
        monkeypatch.setenv("DATABASE_URL", "postgresql://localhost:1/jobs")
    app = create_app(Settings(), Engine(MadeUpEmbedder))
    transport = httpx2.ASGITransport(app)
    async with httpx2.AsyncClient(transport=transport, base_url="http://test") as client:
        for path in sorted(paths):
            answer = await client.head(path)
            closed = answer.status_code == 404
            assert closed == (path not in served), path
            if closed:
                assert answer.headers["Content-Type"] == "application/problem+json"
                assert answer.headers["X-Request-ID"]


@pytest.mark.parametrize(("role", "served"), [("all", True), ("inference", False)])
def test_a_websocket_is_for_a_process_that_serves_everything(
    role: str, served: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("APP_ROLE", role)
    app = create_app(Settings(), Engine(MadeUpEmbedder))

    @app.websocket("/socket")
    async def welcome(websocket: WebSocket) -> None:
        await websocket.accept()
        await websocket.close()

    refusal = nullcontext() if served else pytest.raises(WebSocketDisconnect)
    with refusal, TestClient(app).websocket_connect("/socket"):
        pass


@pytest.mark.parametrize(("role", "shown"), [("all", True), ("inference", False)])
async def test_figures_of_jobs_are_shown_where_they_are_worked_on(
    role: str, shown: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("APP_ROLE", role)
    app = create_app(Settings(), Engine(MadeUpEmbedder))
    async with app.router.lifespan_context(app):
        figures = generate_latest(app.state.metrics.registry)
    assert (b"jobs_queued" in figures) is shown
    assert b"inference_queue_depth" in figures


@pytest.mark.parametrize(("role", "rows"), [("all", 1), ("inference", 0)])
async def test_a_process_traces_its_models_whoever_writes_down_what_they_cost(
    role: str, rows: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    told: list[Usage] = []
    monkeypatch.setenv("APP_ROLE", role)
    monkeypatch.setenv("OTEL_EXPORTER_OTLP_ENDPOINT", "http://127.0.0.1:1")  # nobody listens
    monkeypatch.setattr(telemetry, "FLUSH_TIMEOUT", 0.0)
    monkeypatch.setattr(telemetry.TracedUsage, "_tell", lambda _, usage: told.append(usage))
    app = create_app(Settings(), Engine(MadeUpEmbedder))
    async with app.router.lifespan_context(app):
        key = await app.state.keys.issue("caller", ["inference"])
        key_id = "_".join(key.split("_", 2)[:2])
        usage = Usage(key_id, "embeddings", "made-up", 7, 0, 1.5, 200)
        await app.state.usage_sink.record(usage)
        await app.state.usage_writer.flush()
        query = select(func.count()).where(UsageRecord.key_id == key_id)
        async with app.state.database.reading() as session:
            assert await session.scalar(query) == rows
    assert told == [usage]


@pytest.fixture(scope="module")
def inference(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ModelServer]:
    folder = tmp_path_factory.mktemp("inference")
    with model_server.running(folder, {"APP_ROLE": "inference"}) as server:
        yield server


async def test_an_api_has_another_process_run_the_model_and_records_what_it_cost(
    inference: ModelServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("APP_ROLE", "api")
    monkeypatch.setenv("REDIS_URL", REDIS)
    monkeypatch.setenv("INFERENCE_URL", inference.address)
    monkeypatch.setenv("INFERENCE_KEY", model_server.KEY)
    monkeypatch.setenv("AI_ALLOWED_HOSTS", "127.0.0.1")
    app = create_app(Settings())
    async with app.router.lifespan_context(app):
        key = await app.state.keys.issue("caller", ["inference"])
        transport = httpx2.ASGITransport(app)
        async with httpx2.AsyncClient(
            transport=transport,
            base_url="http://test",
            headers={"Authorization": f"Bearer {key}"},
        ) as client:
            embedded = await client.post("/v1/embeddings", json=EMBEDDINGS)
            classified = await client.post("/v1/classify", json=CLASSIFY)
            jobs = await client.get("/v1/jobs")
    assert embedded.status_code == classified.status_code == 200
    directly = inference.call("POST", "/v1/embeddings", EMBEDDINGS)
    assert embedded.json()["model"] == directly["model"]
    assert embedded.json()["usage"] == directly["usage"]
    for ours, theirs in zip(embedded.json()["data"], directly["data"], strict=True):
        assert ours["embedding"] == pytest.approx(theirs["embedding"], abs=1e-5)
    assert classified.json()["data"][0]["scores"][0]["label"] == "a payment"
    assert jobs.status_code == 403  # asked, not closed
    assert inference.calls("embeddings") == 0
