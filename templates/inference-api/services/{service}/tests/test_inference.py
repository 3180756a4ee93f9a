"""The inference API over HTTP, on the real model; only overload and breakdown are made."""

import asyncio
import base64
import threading
from collections.abc import AsyncGenerator, Awaitable, Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import Any

import httpx2
import numpy as np
import pytest
from fastapi import FastAPI
from sqlalchemy import select

from app.database import Database
from app.inference import MAX_CHARACTERS, MAX_LABELS, MAX_TEXTS
from app.main import create_app
from app.models import UsageRecord
from app.settings import Settings
from intelligence import embedded
from intelligence.embedded import OnnxEmbedder
from intelligence.engine import Engine
from intelligence.errors import InferenceFailed, InputTooLarge
from intelligence.ports import Embeddings

GUARD = 10.0  # seconds, against a hang

MODEL = "all-minilm-l6-v2-int8"
REQUESTS: dict[str, dict[str, Any]] = {
    "embeddings": {"model": MODEL, "input": "hello world"},
    "classify": {
        "texts": ["My card was charged twice."],
        "labels": ["a delivery", "a payment"],
    },
    "similar": {
        "query": "How do I get my money back?",
        "documents": ["We open at nine.", "Refunds take five business days."],
        "top_k": 1,
    },
}

type Post = Callable[..., Awaitable[httpx2.Response]]
type Rows = Callable[[], Awaitable[Sequence[UsageRecord]]]


@pytest.fixture(scope="module")
def model() -> OnnxEmbedder:
    return embedded.load()


@pytest.fixture
async def app(settings: Settings, model: OnnxEmbedder) -> AsyncGenerator[FastAPI]:
    app = create_app(settings, Engine(lambda: model, max_queue=1))
    async with app.router.lifespan_context(app):
        yield app


@pytest.fixture
def engine(app: FastAPI) -> Engine:
    engine: Engine = app.state.engine
    return engine


@pytest.fixture
def post(client: httpx2.AsyncClient, auth: dict[str, str]) -> Post:
    """Sends an operation's request with a key, and with `changes` to its body."""

    async def post(operation: str, **changes: object) -> httpx2.Response:
        body = REQUESTS[operation] | changes
        return await client.post(f"/v1/{operation}", json=body, headers=auth)

    return post


@pytest.fixture
def rows(database: Database, key_id: str) -> Rows:
    """What was put down to the test's key."""

    async def rows() -> Sequence[UsageRecord]:
        async with database.session() as session:
            found = await session.scalars(select(UsageRecord).where(UsageRecord.key_id == key_id))
            return found.all()

    return rows


async def test_embeddings_are_those_of_the_model(post: Post, model: OnnxEmbedder) -> None:
    texts = ["hello world", "Where is my parcel?"]
    response = await post("embeddings", input=texts)
    assert response.status_code == 200
    body = response.json()
    expected = model.embed(texts)
    vectors = [each.pop("embedding") for each in body["data"]]
    assert np.allclose(vectors, expected.vectors, atol=1e-5)
    assert body == {
        "object": "list",
        "data": [{"object": "embedding", "index": 0}, {"object": "embedding", "index": 1}],
        "model": MODEL,
        "usage": {"prompt_tokens": expected.tokens, "total_tokens": expected.tokens},
    }


async def test_base64_holds_the_same_floats(post: Post) -> None:
    plain = (await post("embeddings")).json()["data"][0]["embedding"]
    encoded = (await post("embeddings", encoding_format="base64")).json()["data"][0]["embedding"]
    assert np.allclose(np.frombuffer(base64.b64decode(encoded), "<f4"), plain, atol=1e-5)


async def test_openai_options_that_change_nothing_are_taken(post: Post) -> None:
    response = await post("embeddings", dimensions=384, user="u-1", encoding_format="float")
    assert response.status_code == 200


async def test_another_model_is_not_found(post: Post, rows: Rows) -> None:
    response = await post("embeddings", model="text-embedding-3-small")
    assert response.status_code == 404
    assert MODEL in response.json()["detail"]
    assert await rows() == []


async def test_classification_puts_the_fitting_label_first(post: Post) -> None:
    response = await post("classify")
    assert response.status_code == 200
    assert response.json()["model"] == MODEL
    (result,) = response.json()["data"]
    assert [each["label"] for each in result["scores"]] == ["a payment", "a delivery"]
    assert sum(each["score"] for each in result["scores"]) == pytest.approx(1, abs=1e-5)


async def test_the_nearest_document_is_found(post: Post) -> None:
    response = await post("similar")
    assert response.status_code == 200
    assert response.json()["model"] == MODEL
    (neighbour,) = response.json()["data"]
    assert neighbour["index"] == 1
    assert 0 < neighbour["score"] <= 1


@pytest.mark.parametrize(
    ("operation", "changes", "location"),
    [
        ("embeddings", {"input": ""}, ["input", 0]),
        ("embeddings", {"input": []}, ["input"]),
        ("embeddings", {"input": ["a"] * (MAX_TEXTS + 1)}, ["input"]),
        ("embeddings", {"input": "a" * (MAX_CHARACTERS + 1)}, ["input", 0]),
        ("embeddings", {"input": ["fine", "word " * 300]}, ["input", 1]),
        ("embeddings", {"input": [101, 102]}, ["input"]),
        ("embeddings", {"input": [[101], [102]]}, ["input"]),
        ("embeddings", {"dimensions": 256}, ["dimensions"]),
        ("embeddings", {"encoding_format": "hex"}, ["encoding_format"]),
        ("classify", {"texts": ["word " * 300]}, ["texts", 0]),
        ("classify", {"labels": ["one"]}, ["labels"]),
        ("classify", {"labels": ["same", "same"]}, ["labels"]),
        ("classify", {"labels": [str(n) for n in range(MAX_LABELS + 1)]}, ["labels"]),
        ("classify", {"label": "misspelt"}, ["label"]),
        ("similar", {"query": "word " * 300}, ["query"]),
        ("similar", {"documents": ["fine", "word " * 300]}, ["documents", 1]),
        ("similar", {"top_k": 0}, ["top_k"]),
    ],
)
async def test_what_cannot_be_computed_is_refused_by_place_and_costs_nothing(
    post: Post, rows: Rows, operation: str, changes: dict[str, Any], location: list[str | int]
) -> None:
    response = await post(operation, **changes)
    assert response.status_code == 422
    assert [error["location"] for error in response.json()["errors"]] == [["body", *location]]
    assert await rows() == []


async def test_a_label_that_is_too_long_for_the_model_is_named(
    post: Post, model: OnnxEmbedder, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(texts: Sequence[str]) -> Embeddings:
        raise InputTooLarge(index=2, tokens=300, limit=256)

    monkeypatch.setattr(model, "embed", refuse)
    response = await post("classify")
    assert response.json()["errors"] == [
        {
            "location": ["body", "labels", 1],
            "message": "300 tokens are more than the 256 that the model reads",
        }
    ]


async def test_half_a_surrogate_pair_is_no_text(
    client: httpx2.AsyncClient, auth: dict[str, str]
) -> None:
    content = b'{"query": "\\ud800", "documents": ["fine"]}'
    headers = auth | {"Content-Type": "application/json"}
    response = await client.post("/v1/similar", content=content, headers=headers)
    assert response.status_code == 422
    assert response.json()["errors"][0]["location"] == ["body", "query"]


async def test_a_token_array_is_refused_in_so_many_words(post: Post) -> None:
    response = await post("embeddings", input=[101, 102])
    assert "token arrays cannot be read" in response.json()["errors"][0]["message"]


@pytest.mark.parametrize("operation", REQUESTS)
async def test_without_a_key_nothing_is_computed(
    client: httpx2.AsyncClient, operation: str
) -> None:
    response = await client.post(f"/v1/{operation}", json=REQUESTS[operation])
    assert response.status_code == 401


@pytest.mark.parametrize("operation", REQUESTS)
async def test_usage_is_put_down_to_the_key(post: Post, rows: Rows, operation: str) -> None:
    response = await post(operation)
    (row,) = await rows()
    assert (row.operation, row.model, row.status) == (operation, MODEL, 200)
    assert row.input_tokens == response.json()["usage"]["total_tokens"] > 0
    assert row.output_tokens == 0
    assert row.latency_ms > 0


@pytest.mark.parametrize("operation", REQUESTS)
async def test_a_run_that_failed_is_put_down_too(
    post: Post,
    rows: Rows,
    model: OnnxEmbedder,
    monkeypatch: pytest.MonkeyPatch,
    operation: str,
) -> None:
    def fail(texts: Sequence[str]) -> Embeddings:
        raise InferenceFailed(tokens=42)

    monkeypatch.setattr(model, "embed", fail)
    response = await post(operation)
    assert (response.status_code, response.json()["title"]) == (500, "Internal Server Error")
    (row,) = await rows()
    assert (row.operation, row.input_tokens, row.status) == (operation, 42, 500)


@contextmanager
def full_queue(engine: Engine, model: OnnxEmbedder) -> Iterator[None]:
    """One run that does not end, one request behind it; both are served on leaving the block."""
    entered, leave, embed = threading.Event(), threading.Event(), model.embed

    def wait(texts: Sequence[str]) -> Embeddings:
        entered.set()
        assert leave.wait(GUARD)
        return embed(texts)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(model, "embed", wait)
        running = engine.embed(["running"])
        assert entered.wait(GUARD)
        waiting = engine.embed(["waiting"])
        yield
        leave.set()
        assert (running.result(GUARD).tokens, waiting.result(GUARD).tokens) == (3, 3)


@pytest.mark.parametrize("operation", REQUESTS)
async def test_a_full_queue_is_503_and_says_when_to_come_back(
    post: Post, rows: Rows, engine: Engine, model: OnnxEmbedder, operation: str
) -> None:
    with full_queue(engine, model):
        response = await post(operation)
    assert (response.status_code, response.headers["retry-after"]) == (503, "1")
    assert await rows() == []
    assert (await post(operation)).status_code == 200


@pytest.mark.parametrize("operation", REQUESTS)
async def test_a_closed_engine_is_503(
    post: Post, rows: Rows, engine: Engine, operation: str
) -> None:
    await asyncio.to_thread(engine.close, GUARD)
    response = await post(operation)
    assert (response.status_code, response.headers["retry-after"]) == (503, "1")
    assert await rows() == []
