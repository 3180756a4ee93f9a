"""Streams of a server of its own, which serves the made-up views below."""

import asyncio
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import AsyncGenerator, Iterator
from contextlib import ExitStack, closing, contextmanager
from dataclasses import dataclass
from http.client import HTTPConnection, HTTPResponse
from pathlib import Path

import pytest
from asgiref.sync import async_to_sync, sync_to_async
from django.core.handlers.asgi import ASGIRequest
from django.db import connection
from django.http import HttpResponse, StreamingHttpResponse
from django.test import AsyncClient, AsyncRequestFactory
from django.urls import path

from apps.core.logs import request_id
from apps.core.streams import EventStream
from apps.core.threads import query

ROOT = Path(__file__).resolve().parent.parent
GUARD = 60.0  # seconds, against a hang
FAREWELL = b"event: server_shutdown\ndata: {}\n\n"
STREAMS = 20  # more than the pool has connections

SERVE = """
import django
from django.conf import settings
from django.core.management import call_command
django.setup()
settings.ROOT_URLCONF = "tests.test_streams"
settings.ALLOWED_HOSTS = ["127.0.0.1"]
call_command("serve")
"""

left: list[str] = []


def ask() -> None:
    with connection.cursor() as cursor:
        cursor.execute("SELECT 1")


async def endless(request: ASGIRequest) -> EventStream:
    """Asks the database before and during the stream, then waits. Its event says what it holds."""

    async def events() -> AsyncGenerator[bytes]:
        try:
            await query(ask)
            held = await sync_to_async(lambda: connection.connection is not None)()
            yield f"data: {request_id.get()} {held}\n\n".encode()
            await asyncio.Event().wait()
        finally:
            left.append(str(request_id.get()))

    await query(ask)
    return EventStream(request, events(), farewell=FAREWELL)


async def counting(request: ASGIRequest) -> EventStream:
    async def events() -> AsyncGenerator[bytes]:
        for number in range(3):
            yield f"data: {number}\n\n".encode()

    return EventStream(request, events(), farewell=FAREWELL)


async def who_left(_: ASGIRequest) -> HttpResponse:
    return HttpResponse(" ".join(left))


urlpatterns = [path("endless", endless), path("counting", counting), path("left", who_left)]


@dataclass(frozen=True)
class Server:
    process: subprocess.Popen[bytes]
    port: int

    @contextmanager
    def get(self, path: str, **headers: str) -> Iterator[HTTPResponse]:
        with closing(HTTPConnection("127.0.0.1", self.port, timeout=GUARD)) as link:
            link.request("GET", path, headers=headers)
            with closing(link.getresponse()) as response:
                yield response

    def text(self, path: str) -> tuple[int, str]:
        with self.get(path) as response:
            return response.status, response.read().decode()


def until_ready(server: Server) -> None:
    end = time.monotonic() + GUARD
    while server.process.poll() is None and time.monotonic() < end:
        try:
            assert server.text("/livez")[0] == 200
        except ConnectionError:
            time.sleep(0.1)
        else:
            return
    raise AssertionError("the server does not answer")


@pytest.fixture
def server(tmp_path: Path) -> Iterator[Server]:
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        port: int = listener.getsockname()[1]
    env = {"TEST_DATABASE_URL": f"sqlite:///{tmp_path}/test.sqlite3"} | os.environ
    env |= {"DJANGO_SETTINGS_MODULE": "config.settings.test", "PORT": str(port)}
    process = subprocess.Popen([sys.executable, "-c", SERVE], cwd=ROOT, env=env)
    try:
        server = Server(process, port)
        until_ready(server)
        yield server
    finally:
        process.kill()
        process.wait()


def test_at_sigterm_the_last_line_of_a_stream_is_the_event_and_the_process_ends(
    server: Server,
) -> None:
    with server.get("/endless") as response:
        assert response.readline().startswith(b"data: ")
        server.process.send_signal(signal.SIGTERM)
        assert response.read() == b"\n" + FAREWELL
    assert server.process.wait(GUARD) == -signal.SIGTERM  # what it was told, and no failure


def test_open_streams_hold_no_connection_and_the_process_stays_ready(server: Server) -> None:
    with ExitStack() as open_streams:
        for number in range(STREAMS):
            stream = server.get("/endless", **{"X-Request-ID": f"stream-{number}"})
            response = open_streams.enter_context(stream)
            assert response.headers["X-Request-ID"] == f"stream-{number}"
            assert response.readline() == f"data: stream-{number} False\n".encode()
        assert server.text("/readyz") == (200, '{"status": "ok"}')


def test_a_stream_ends_with_its_client(server: Server) -> None:
    with server.get("/endless", **{"X-Request-ID": "impatient"}) as response:
        response.readline()
        assert server.text("/left")[1] == ""
    end = time.monotonic() + GUARD
    while (said := server.text("/left")[1]) != "impatient" and time.monotonic() < end:
        time.sleep(0.05)
    assert said == "impatient"


async def parts(response: object) -> list[bytes]:
    assert isinstance(response, StreamingHttpResponse)
    assert response.headers["Content-Type"] == "text/event-stream"
    return [part async for part in response]


@pytest.mark.urls(__name__)
def test_a_stream_that_ends_says_nothing_of_the_server() -> None:
    async def read() -> list[bytes]:
        return await parts(await AsyncClient().get("/counting"))

    events = [b"data: 0\n\n", b"data: 1\n\n", b"data: 2\n\n"]
    assert asyncio.run(read()) == events


@pytest.mark.django_db
def test_a_stream_that_is_stopped_closes_what_it_read_from() -> None:
    left.clear()

    async def read() -> list[bytes]:
        request = AsyncRequestFactory().get("/endless")
        stop = asyncio.Event()
        request.scope = {**request.scope, "state": {"stop": stop}}
        asyncio.get_running_loop().call_later(0.1, stop.set)
        return await parts(await endless(request))

    assert async_to_sync(read)()[-1] == FAREWELL
    assert len(left) == 1
