"""Real-time analytics over HTTP and live, by the tests that every edge of `intelligence` passes."""

import asyncio
import os
import sys
from collections.abc import Callable, Iterator, Mapping
from contextlib import AbstractContextManager
from importlib import import_module
from pathlib import Path
from typing import Any

import asgi_edge
import pytest
from asgi_edge import Platform
from django.core.exceptions import ImproperlyConfigured
from django.db import connection

from apps.ai import keys
from apps.api import engine as process
from apps.realtime import live as process_live
from config import live as served
from intelligence.engine import Engine
from intelligence.testing import live
from intelligence.testing.edge import GUARD, Edge
from intelligence.testing.live import LiveContract, ProcessesContract, Server
from intelligence.testing.realtime import RealtimeContract

ROOT = Path(__file__).resolve().parent.parent


class TestRealtime(RealtimeContract):
    """On SQLite, or TEST_DATABASE_URL."""

    @pytest.fixture
    def edge(self, db: None, engine: Engine, monkeypatch: pytest.MonkeyPatch) -> Edge:
        monkeypatch.setattr(process, "engine", engine)
        engine.start().result(GUARD)
        return Platform()


def database_url() -> str:
    """Of the tests' database, which has a name of its own."""
    name = connection.settings_dict["NAME"]
    if connection.vendor == "sqlite":
        return f"sqlite:///{name}"
    return f"{os.environ['TEST_DATABASE_URL'].rpartition('/')[0]}/{name}"


def serving(**env: str) -> AbstractContextManager[Server]:
    env = {
        "DJANGO_SETTINGS_MODULE": "config.settings.test",
        "TEST_DATABASE_URL": database_url(),
        "PYTHONPATH": str(ROOT),
        **env,
    }
    return live.serving(
        ["tests/live_server.py"], ROOT, env, lambda scopes: keys.issue("test", [scopes])
    )


@pytest.fixture(scope="class")
def server(django_db_setup: None) -> Iterator[Server]:
    with serving() as server:
        yield server


@pytest.fixture
def start() -> Callable[..., AbstractContextManager[Server]]:
    return serving


@pytest.mark.django_db(transaction=True)
class TestLive(LiveContract):
    """On the database of the tests."""


@pytest.mark.django_db(transaction=True)
class TestProcesses(ProcessesContract):
    """Likewise."""


@pytest.mark.django_db
def test_who_may_look_is_looked_up_again() -> None:
    looks, sends = (keys.issue("test", [scope]) for scope in ("analytics", "measurements"))
    allowed = [asgi_edge.run(process_live.still(key)()) for key in (looks, sends)]
    assert allowed == [True, False]
    keys.revoke("_".join(looks.split("_", 2)[:2]))
    assert not asgi_edge.run(process_live.still(looks)())


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("path", "query", "status"),
    [("/v1/nowhere", b"", 404), ("/v1/live/ws", b"window=5m", 422)],
)
def test_a_socket_that_leads_nowhere_is_refused(path: str, query: bytes, status: int) -> None:
    header = f"Bearer {keys.issue('test', ['analytics'])}".encode()
    sent: list[Mapping[str, Any]] = []

    async def receive() -> Mapping[str, Any]:
        return {"type": "websocket.connect"}

    async def send(message: Mapping[str, Any]) -> None:
        sent.append(message)

    scope = {
        "type": "websocket",
        "path": path,
        "query_string": query,
        "headers": [(b"authorization", header)],
    }
    asgi_edge.run(served.application(scope, receive, send))
    assert sent[0]["status"] == status


@pytest.mark.parametrize(
    ("environ", "said"),
    [
        ({"LIVE_STREAMS": "0"}, "LIVE_STREAMS"),
        ({"ALLOWED_LATENESS": "-1"}, "ALLOWED_LATENESS"),
        ({"WINDOW_DAYS": "1"}, "WINDOW_DAYS cannot be less"),
        ({"APP_ENV": "production", "REPLICAS": "2"}, "set REDIS_URL"),
    ],
)
def test_what_makes_no_sense_is_refused_at_start(
    monkeypatch: pytest.MonkeyPatch, environ: dict[str, str], said: str
) -> None:
    for name, value in environ.items():
        monkeypatch.setenv(name, value)
    monkeypatch.delitem(sys.modules, "config.settings.realtime", raising=False)
    with pytest.raises(ImproperlyConfigured, match=said):
        import_module("config.settings.realtime")


def test_beside_requests_windows_are_closed_while_the_process_lives(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    said: list[str] = []

    async def http(*_: object) -> None:
        said.append("serves")

    class Running:
        async def __aenter__(self) -> None:
            said.append("begins")

        async def __aexit__(self, *_: object) -> None:
            said.append("ends")

    monkeypatch.setattr(served, "http", http)
    monkeypatch.setattr(process_live.analytics, "running", Running)
    asyncio.run(served.application({"type": "lifespan"}, http, http))  # type: ignore[arg-type]
    assert said == ["begins", "serves", "ends"]
