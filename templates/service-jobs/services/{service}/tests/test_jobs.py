"""Jobs over HTTP, on a made-up model that works on them in this process."""

import asyncio
import socket
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from urllib.request import urlopen

import httpx2
import pytest
from fastapi import FastAPI
from sqlalchemy import delete, select

from app import telemetry
from app.database import Database
from app.job_store import JobRecord
from app.keys import ApiKeys
from app.main import create_app
from app.models import UsageRecord
from app.settings import Settings
from intelligence.engine import Engine
from intelligence.testing.embedder import GatedModel, MadeUpEmbedder

GUARD = 10.0  # seconds, against a hang
TEXTS = [f"text {'x' * index}" for index in range(40)]
EMBEDDINGS = {"kind": "embeddings", "model": "made-up", "input": TEXTS}
CLASSIFY = {"kind": "classify", "texts": TEXTS, "labels": ["a payment", "a delivery"]}


@pytest.fixture
async def empty(settings: Settings) -> None:
    database = Database(settings.database_url)
    async with database.session() as session:
        await session.execute(delete(JobRecord))
    await database.close()


@pytest.fixture
async def key(empty: None, keys: ApiKeys) -> str:
    return await keys.issue("test", ["inference", "jobs"])


@pytest.fixture
def unused_port() -> int:
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        port: int = listener.getsockname()[1]
        return port


@pytest.fixture
async def gate(
    settings: Settings, empty: None
) -> AsyncGenerator[tuple[GatedModel, httpx2.AsyncClient, dict[str, str]]]:
    """A model whose runs wait until it is opened, a client, and its key."""
    model = GatedModel()
    app = create_app(settings, Engine(lambda: model))
    async with app.router.lifespan_context(app):
        key = await app.state.keys.issue("gate", ["jobs"])
        transport = httpx2.ASGITransport(app)
        async with httpx2.AsyncClient(transport=transport, base_url="http://test") as client:
            yield model, client, {"Authorization": f"Bearer {key}"}
            model.open.set()


async def ended(client: httpx2.AsyncClient, auth: dict[str, str], path: str) -> dict[str, object]:
    async with asyncio.timeout(GUARD):
        while True:
            job: dict[str, object] = (await client.get(path, headers=auth)).json()
            if job["finished_at"] is not None:
                return job
            await asyncio.sleep(0.02)


@pytest.mark.parametrize(
    ("body", "path"), [(EMBEDDINGS, "/v1/embeddings"), (CLASSIFY, "/v1/classify")]
)
async def test_a_job_gives_what_the_call_gives(
    client: httpx2.AsyncClient,
    auth: dict[str, str],
    key_id: str,
    app: FastAPI,
    body: dict[str, object],
    path: str,
) -> None:
    asked = await client.post("/v1/jobs", json=body, headers=auth)
    assert asked.status_code == 202
    location = asked.headers["Location"]
    assert location == f"/v1/jobs/{asked.json()['id']}"
    assert int(asked.headers["Retry-After"]) >= 1
    assert asked.json()["status"] == "queued"

    job = await ended(client, auth, location)
    assert (job["status"], job["kind"], job["attempts"]) == ("succeeded", body["kind"], 1)
    assert job["progress"] == {"done": len(TEXTS), "total": len(TEXTS)}
    result = await client.get(f"{location}/result", headers=auth)
    assert result.headers["Content-Type"] == "application/json"
    direct = await client.post(
        path, json={name: value for name, value in body.items() if name != "kind"}, headers=auth
    )
    assert result.json()["data"] == direct.json()["data"]
    assert result.json()["model"] == "made-up"

    await app.state.usage_writer.flush()
    query = select(UsageRecord).where(UsageRecord.key_id == key_id).order_by(UsageRecord.id)
    async with app.state.database.reading() as session:
        of_the_job, *_ = (await session.scalars(query)).all()
    assert of_the_job.operation == f"{body['kind']} job"
    assert of_the_job.input_tokens == result.json()["usage"]["total_tokens"] > 0
    assert of_the_job.status == 200


async def test_a_job_that_cannot_be_says_so_at_once(
    client: httpx2.AsyncClient, auth: dict[str, str]
) -> None:
    unknown = await client.post("/v1/jobs", json=EMBEDDINGS | {"model": "another"}, headers=auth)
    assert unknown.status_code == 404
    changes: list[dict[str, object]] = [
        {"kind": "similar"},
        {"input": []},
        {"input": ["a"] * 1001},
        {"dimensions": 3},
    ]
    for change in changes:
        invalid = await client.post("/v1/jobs", json=EMBEDDINGS | change, headers=auth)
        assert (invalid.status_code, invalid.json()["title"]) == (422, "Unprocessable Content")
        assert invalid.json()["errors"]
    listed = (await client.get("/v1/jobs", headers=auth)).json()
    assert listed == {"object": "list", "data": [], "has_more": False}


async def test_a_request_may_be_sent_again_with_its_key(
    client: httpx2.AsyncClient, auth: dict[str, str]
) -> None:
    keyed = auth | {"Idempotency-Key": '"8e03978e-40d5-43e8-bc93-6894a57f9324"'}
    first = await client.post("/v1/jobs", json=EMBEDDINGS, headers=keyed)
    again = await client.post("/v1/jobs", json=EMBEDDINGS, headers=keyed)
    assert (again.status_code, again.headers["Location"]) == (202, first.headers["Location"])
    another = await client.post("/v1/jobs", json=CLASSIFY, headers=keyed)
    assert another.status_code == 422
    assert "Idempotency-Key" in another.json()["detail"]
    for unfit in ("", " ", "x" * 256):
        refused = await client.post(
            "/v1/jobs", json=EMBEDDINGS, headers=auth | {"Idempotency-Key": unfit}
        )
        assert refused.status_code == 422, unfit
    assert len((await client.get("/v1/jobs", headers=auth)).json()["data"]) == 1


async def test_there_is_no_result_before_the_end_and_none_of_what_was_cancelled(
    gate: tuple[GatedModel, httpx2.AsyncClient, dict[str, str]],
) -> None:
    model, client, auth = gate
    asked = await client.post("/v1/jobs", json=EMBEDDINGS | {"model": model.model}, headers=auth)
    path = asked.headers["Location"]
    assert await asyncio.to_thread(model.entered.wait, GUARD)
    assert (await client.get(path, headers=auth)).json()["status"] == "running"
    early = await client.get(f"{path}/result", headers=auth)
    assert (early.status_code, early.json()["detail"]) == (409, "the job is running")
    assert int(early.headers["Retry-After"]) >= 1

    cancelled = await client.delete(path, headers=auth)
    assert (cancelled.status_code, cancelled.json()["status"]) == (200, "cancelled")
    late = await client.get(f"{path}/result", headers=auth)
    assert (late.status_code, late.json()["detail"]) == (409, "the job is cancelled")
    assert "Retry-After" not in late.headers


async def test_what_has_ended_is_not_cancelled(
    client: httpx2.AsyncClient, auth: dict[str, str]
) -> None:
    path = (await client.post("/v1/jobs", json=CLASSIFY, headers=auth)).headers["Location"]
    await ended(client, auth, path)
    refused = await client.delete(path, headers=auth)
    assert (refused.status_code, refused.json()["detail"]) == (409, "the job has succeeded")


async def test_jobs_of_another_key_are_not_found(
    client: httpx2.AsyncClient, auth: dict[str, str], keys: ApiKeys
) -> None:
    path = (await client.post("/v1/jobs", json=CLASSIFY, headers=auth)).headers["Location"]
    await ended(client, auth, path)
    other = {"Authorization": f"Bearer {await keys.issue('other', ['jobs'])}"}
    for method, what in (("GET", path), ("GET", f"{path}/result"), ("DELETE", path)):
        answer = await client.request(method, what, headers=other)
        assert answer.status_code == 404
    assert (await client.get("/v1/jobs", headers=other)).json()["data"] == []


async def test_an_id_that_no_database_takes_is_refused(
    client: httpx2.AsyncClient, auth: dict[str, str]
) -> None:
    for method, path in (
        ("GET", "/a%00"),
        ("GET", "/a%00/result"),
        ("DELETE", "/a%00"),
        ("GET", "?before=a%00"),
    ):
        answer = await client.request(method, f"/v1/jobs{path}", headers=auth)
        assert answer.status_code == 422, path


async def test_a_list_is_read_page_by_page(
    client: httpx2.AsyncClient, auth: dict[str, str]
) -> None:
    made = {
        (await client.post("/v1/jobs", json=CLASSIFY, headers=auth)).json()["id"] for _ in range(3)
    }
    first = (await client.get("/v1/jobs?limit=2", headers=auth)).json()
    last = first["data"][-1]["id"]
    second = (await client.get(f"/v1/jobs?limit=2&before={last}", headers=auth)).json()
    assert (first["has_more"], second["has_more"]) == (True, False)
    assert {each["id"] for each in first["data"] + second["data"]} == made


@asynccontextmanager
async def served(app: FastAPI) -> AsyncGenerator[httpx2.AsyncClient]:
    """The app at work, and a client of it with a key."""
    async with app.router.lifespan_context(app):
        auth = {"Authorization": f"Bearer {await app.state.keys.issue('test', ['jobs'])}"}
        async with httpx2.AsyncClient(
            transport=httpx2.ASGITransport(app), base_url="http://test", headers=auth
        ) as client:
            yield client


async def test_a_full_queue_is_answered_with_503(
    monkeypatch: pytest.MonkeyPatch, empty: None
) -> None:
    monkeypatch.setenv("JOBS_QUEUE", "1")
    monkeypatch.setenv("JOBS_CONCURRENCY", "1")
    model = GatedModel()
    app = create_app(Settings(), Engine(lambda: model))
    async with served(app) as client:
        body = EMBEDDINGS | {"model": model.model}
        await client.post("/v1/jobs", json=body)
        assert await asyncio.to_thread(model.entered.wait, GUARD)
        assert (await client.post("/v1/jobs", json=body)).status_code == 202
        refused = await client.post("/v1/jobs", json=body)
        assert (refused.status_code, refused.json()["detail"]) == (503, "1 jobs are waiting")
        assert int(refused.headers["Retry-After"]) >= 1
        model.open.set()


async def test_prometheus_is_shown_how_it_stands_and_what_was_read(
    monkeypatch: pytest.MonkeyPatch, empty: None, unused_port: int
) -> None:
    monkeypatch.setenv("METRICS_PORT", str(unused_port))
    monkeypatch.setenv("JOBS_LEASE", "1")
    app = create_app(Settings(), Engine(MadeUpEmbedder))
    async with served(app) as client:
        asked = await client.post("/v1/jobs", json=CLASSIFY)
        await ended(client, {}, asked.headers["Location"])

        def scraped() -> str:
            with urlopen(f"http://127.0.0.1:{unused_port}/metrics", timeout=GUARD) as response:
                text: str = response.read().decode()
                return text

        shown = await asyncio.to_thread(scraped)
    for name in ("jobs_queued", "jobs_running", "jobs_oldest_age_seconds"):
        assert f"\n{name} " in shown
    assert 'inference_tokens_total{direction="input",operation="classify job"}' in shown


async def test_what_a_job_cost_is_traced(monkeypatch: pytest.MonkeyPatch, empty: None) -> None:
    told: list[tuple[str, int]] = []
    monkeypatch.setenv("OTEL_EXPORTER_OTLP_ENDPOINT", "http://127.0.0.1:1")  # nobody listens
    monkeypatch.setattr(telemetry, "FLUSH_TIMEOUT", 0.0)
    monkeypatch.setattr(
        telemetry.TracedUsage,
        "_tell",
        lambda _, usage: told.append((usage.operation, usage.status)),
    )
    app = create_app(Settings(), Engine(MadeUpEmbedder))
    async with served(app) as client:
        asked = await client.post("/v1/jobs", json=CLASSIFY)
        await ended(client, {}, asked.headers["Location"])
    assert told == [("classify job", 200)]
