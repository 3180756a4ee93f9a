"""The inference API over HTTP, by the tests that every edge of `intelligence` passes."""

import asyncio
import json
from collections.abc import AsyncGenerator, Sequence
from concurrent.futures import Future

import pytest
from fastapi import FastAPI
from sqlalchemy import select
from starlette.types import Message

from app.main import create_app
from app.models import UsageRecord
from app.settings import Settings
from intelligence.engine import Engine
from intelligence.ports import Embeddings
from intelligence.testing.edge import GUARD
from intelligence.testing.embedder import GatedModel
from intelligence.testing.inference import InferenceContract, OverloadContract, RateLimitContract


class TestInference(InferenceContract):
    """On the backend that is asked for, by default the embedded one."""


class TestOverload(OverloadContract):
    """On the embedded model."""


class TestRateLimit(RateLimitContract):
    """On the embedded model."""


class LeavingClient:
    """Sends its request and leaves when the engine has it queued."""

    def __init__(self, app: FastAPI, key: str, monkeypatch: pytest.MonkeyPatch) -> None:
        self.status: int | None = None
        self._app = app
        self._queued = asyncio.Event()
        self._headers = [
            (b"authorization", f"Bearer {key}".encode()),
            (b"content-type", b"application/json"),
        ]
        body = json.dumps({"model": GatedModel.model, "input": "for nobody"}).encode()
        self._messages: list[Message] = [{"type": "http.request", "body": body}]
        embed = app.state.engine.embed

        def submit(texts: Sequence[str]) -> Future[Embeddings]:
            future: Future[Embeddings] = embed(texts)
            self._queued.set()
            return future

        monkeypatch.setattr(app.state.engine, "embed", submit)

    async def call(self) -> None:
        scope = {
            "type": "http",
            "method": "POST",
            "scheme": "http",
            "path": "/v1/embeddings",
            "query_string": b"",
            "headers": self._headers,
        }
        await self._app(scope, self._receive, self._send)

    async def _receive(self) -> Message:
        if self._messages:
            return self._messages.pop()
        await self._queued.wait()
        return {"type": "http.disconnect"}

    async def _send(self, message: Message) -> None:
        self.status = message.get("status", self.status)


@pytest.fixture
async def gated(settings: Settings) -> AsyncGenerator[tuple[FastAPI, GatedModel]]:
    model = GatedModel()
    app = create_app(settings, Engine(lambda: model, timeout=GUARD / 2))
    async with app.router.lifespan_context(app):
        yield app, model
        model.open.set()


async def test_a_client_that_leaves_takes_its_queued_work_along(
    gated: tuple[FastAPI, GatedModel], monkeypatch: pytest.MonkeyPatch
) -> None:
    app, model = gated
    engine: Engine = app.state.engine
    client = LeavingClient(app, await app.state.keys.issue("test", ["inference"]), monkeypatch)
    running = engine.rank("running", ["document"], top_k=1)
    assert await asyncio.to_thread(model.entered.wait, GUARD)

    await client.call()

    assert client.status == 499
    model.open.set()
    await asyncio.wrap_future(engine.rank("next", ["document"], top_k=1))
    assert running.done()
    assert model.texts == ["warm up", "running", "document", "next", "document"]


async def test_what_runs_when_its_client_leaves_is_put_down(
    gated: tuple[FastAPI, GatedModel], monkeypatch: pytest.MonkeyPatch
) -> None:
    app, model = gated
    key = await app.state.keys.issue("test", ["inference"])
    client = LeavingClient(app, key, monkeypatch)
    cancel = Future.cancel

    def try_to_cancel(future: Future[Embeddings]) -> bool:
        assert model.entered.wait(GUARD)
        cancelled = cancel(future)
        model.open.set()
        return cancelled

    monkeypatch.setattr(Future, "cancel", try_to_cancel)
    await client.call()

    assert client.status == 200
    await app.state.usage_writer.flush()
    key_id = "_".join(key.split("_", 2)[:2])
    async with app.state.database.session() as session:
        (record,) = await session.scalars(select(UsageRecord).where(UsageRecord.key_id == key_id))
    assert (record.input_tokens, record.status) == (2, 200)
