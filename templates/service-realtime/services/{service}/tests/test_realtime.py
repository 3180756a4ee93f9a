"""Real-time analytics over HTTP and live, by the tests that every edge of `intelligence` passes."""

import asyncio
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager
from pathlib import Path

import pytest
from fastapi import FastAPI
from pydantic import ValidationError
from starlette.requests import HTTPConnection

from app.database import Database
from app.keys import ApiKeys
from app.main import create_app
from app.realtime import RealtimeSettings, may_look
from app.settings import Settings
from intelligence.engine import Engine
from intelligence.testing import live
from intelligence.testing.embedder import MadeUpEmbedder
from intelligence.testing.live import LiveContract, ProcessesContract, Server
from intelligence.testing.realtime import RealtimeContract

ROOT = Path(__file__).resolve().parent.parent


class TestRealtime(RealtimeContract):
    """On SQLite, or TEST_DATABASE_URL."""


def serving(**env: str) -> AbstractContextManager[Server]:
    settings = Settings()

    async def stored(scopes: str) -> str:
        database = Database(settings.database_url)
        try:
            return await ApiKeys(database, settings.secret_key).issue("test", [scopes])
        finally:
            await database.close()

    env = {"PYTHONPATH": str(ROOT), **env}
    command = ["tests/live_server.py"]
    return live.serving(command, ROOT, env, lambda scopes: asyncio.run(stored(scopes)))


@pytest.fixture(scope="class")
def server(environment: None) -> Iterator[Server]:
    with serving() as server:
        yield server


@pytest.fixture
def start() -> Callable[..., AbstractContextManager[Server]]:
    return serving


class TestLive(LiveContract):
    """On the database of the tests."""


class TestProcesses(ProcessesContract):
    """Likewise."""


async def test_who_may_look_is_looked_up_again(app: FastAPI, keys: ApiKeys) -> None:
    looks = await keys.issue("test", ["analytics"])
    sends = await keys.issue("test", ["measurements"])
    connection = HTTPConnection({"type": "http", "app": app})
    assert [await may_look(connection, key) for key in (looks, sends)] == [True, False]
    await keys.revoke("_".join(looks.split("_", 2)[:2]))
    assert not await may_look(connection, looks)


@pytest.mark.parametrize(
    ("name", "value", "said"),
    [
        ("ALLOWED_LATENESS", "-1", "allowed_lateness"),
        ("LIVE_STREAMS", "0", "live_streams"),
        ("WINDOW_DAYS", "1", "WINDOW_DAYS cannot be less"),
        ("REDIS_URL", "http://127.0.0.1", "redis_url"),
    ],
)
def test_what_makes_no_sense_is_refused_at_start(
    settings: Settings, monkeypatch: pytest.MonkeyPatch, name: str, value: str, said: str
) -> None:
    monkeypatch.setenv(name, value)
    with pytest.raises(ValidationError, match=said):
        create_app(settings, Engine(MadeUpEmbedder))


def test_several_processes_of_production_need_redis(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("APP_ENV", "production")
    monkeypatch.setenv("REPLICAS", "2")
    with pytest.raises(ValidationError, match="set REDIS_URL"):
        RealtimeSettings()
    monkeypatch.setenv("REDIS_URL", "redis://127.0.0.1:6379/0")
    assert RealtimeSettings().redis_url is not None
