"""Answers that are being written when something happens, on a server process of its own."""

import json
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, closing, contextmanager
from dataclasses import dataclass
from http.client import HTTPConnection, HTTPResponse
from pathlib import Path

import pytest
from django.db import connection

from apps.ai import keys
from apps.ai.models import UsageRecord
from apps.core.management.commands.serve import GRACEFUL_SHUTDOWN
from intelligence.testing.endless import EndlessGenerator

ROOT = Path(__file__).resolve().parent.parent
GUARD = 15.0  # seconds, against a hang
MODEL = EndlessGenerator.model
STREAMS = 20  # more than the pool has connections

pytestmark = pytest.mark.django_db(transaction=True)


@dataclass(frozen=True)
class Server:
    process: subprocess.Popen[bytes]
    port: int
    key: str

    @contextmanager
    def ask(self, *, stream: bool, seconds: float = GUARD) -> Iterator[HTTPResponse]:
        """Raises TimeoutError after so many seconds without an answer."""
        body = {
            "model": MODEL,
            "messages": [{"role": "user", "content": "Go on."}],
            "stream": stream,
        }
        headers = {"Authorization": f"Bearer {self.key}", "Content-Type": "application/json"}
        with closing(HTTPConnection("127.0.0.1", self.port, timeout=seconds)) as link:
            link.request("POST", "/v1/chat/completions", json.dumps(body), headers)
            with closing(link.getresponse()) as response:
                assert response.status == 200, response.read()
                response.readline()
                yield response

    def status(self, path: str) -> int:
        with closing(HTTPConnection("127.0.0.1", self.port, timeout=GUARD)) as link:
            link.request("GET", path)
            return link.getresponse().status


def database_url() -> str:
    """Of the tests' database, which has a name of its own."""
    name = connection.settings_dict["NAME"]
    if connection.vendor == "sqlite":
        return f"sqlite:///{name}"
    return f"{os.environ['TEST_DATABASE_URL'].rpartition('/')[0]}/{name}"


@pytest.fixture
def server() -> Iterator[Server]:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port: int = free.getsockname()[1]
    env = os.environ | {
        "DJANGO_SETTINGS_MODULE": "config.settings.test",
        "TEST_DATABASE_URL": database_url(),
        "PORT": str(port),
        "PYTHONPATH": str(ROOT),
    }
    process = subprocess.Popen([sys.executable, "tests/endless.py"], cwd=ROOT, env=env)
    try:
        server = Server(process, port, keys.issue("test", ["chat"]))
        until(lambda: is_ready(server))
        yield server
    finally:
        process.kill()
        process.wait()


def until(done: Callable[[], bool]) -> None:
    end = time.monotonic() + 4 * GUARD
    while not done():
        assert time.monotonic() < end, "it does not come about"
        time.sleep(0.1)


def is_ready(server: Server) -> bool:
    assert server.process.poll() is None, "the server did not start"
    try:
        return server.status("/readyz") == 200
    except ConnectionError:
        return False


def is_recorded() -> bool:
    """That a client left, and that something had been written for it."""
    left = UsageRecord.objects.filter(model=MODEL, operation="chat", status=499)
    return left.filter(output_tokens__gt=0).exists()


def test_open_streams_hold_no_connection(server: Server) -> None:
    with ExitStack() as stack:
        for _ in range(STREAMS):
            stack.enter_context(server.ask(stream=True))
        assert server.status("/readyz") == 200


def test_a_client_that_leaves_a_stream_ends_the_work(server: Server) -> None:
    with server.ask(stream=True):
        assert not is_recorded()
    until(is_recorded)


def test_a_client_that_waits_no_longer_ends_the_work(server: Server) -> None:
    with pytest.raises(TimeoutError), server.ask(stream=False, seconds=2):
        pass
    until(is_recorded)


def test_a_server_that_stops_tells_its_streams_and_waits_for_none(server: Server) -> None:
    with server.ask(stream=True) as response:
        server.process.send_signal(signal.SIGTERM)
        *_, event, data = [line for line in response.read().decode().splitlines() if line]
    assert GUARD < GRACEFUL_SHUTDOWN
    server.process.wait(GUARD)
    assert event == "event: server_shutdown"
    error = json.loads(data.removeprefix("data: "))["error"]
    assert (error["code"], "ask again" in error["message"]) == ("server_shutdown", True)
