import asyncio
import threading

import httpx2
import pytest
from fastapi import FastAPI
from sqlalchemy.exc import OperationalError

from app import health
from app.database import Database
from app.main import create_app
from app.settings import Settings
from intelligence.engine import Engine
from intelligence.errors import ModelError
from intelligence.testing.embedder import MadeUpEmbedder


async def status(app: FastAPI, path: str) -> int:
    transport = httpx2.ASGITransport(app)
    async with httpx2.AsyncClient(transport=transport, base_url="http://test") as client:
        return (await client.get(path)).status_code


async def test_a_warm_model_and_a_database_are_ready(client: httpx2.AsyncClient) -> None:
    response = await client.get("/readyz")
    assert (response.status_code, response.json()) == (200, {"status": "ok"})


async def test_a_loading_model_is_alive_but_not_ready(settings: Settings) -> None:
    loaded = threading.Event()

    def load() -> MadeUpEmbedder:
        loaded.wait(30)
        raise ModelError("model.onnx", "missing", "reinstall")

    app = create_app(settings, Engine(load))

    async def start() -> None:
        async with app.router.lifespan_context(app):
            pass

    starting = asyncio.create_task(start())
    await asyncio.sleep(0)
    assert (await status(app, "/livez"), await status(app, "/readyz")) == (200, 503)
    loaded.set()
    with pytest.raises(ModelError, match=r"model\.onnx: missing; reinstall"):
        await starting


async def test_a_database_that_fails_makes_the_service_unready_not_dead(
    app: FastAPI, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def fails(_: Database) -> None:
        raise OperationalError("SELECT 1", None, Exception("gone"))

    monkeypatch.setattr(Database, "ping", fails)
    assert (await status(app, "/readyz"), await status(app, "/livez")) == (503, 200)


async def test_a_database_that_hangs_is_given_up_on(
    app: FastAPI, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def hangs(_: Database) -> None:
        await asyncio.Event().wait()

    monkeypatch.setattr(Database, "ping", hangs)
    monkeypatch.setattr(health, "DATABASE_TIMEOUT", 0.01)
    assert await status(app, "/readyz") == 503
