"""What a live stream promises, on a server process of its own."""

import json
import os
import shutil
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import ExitStack, closing, contextmanager
from dataclasses import dataclass
from http.client import HTTPConnection
from pathlib import Path
from typing import Any, Protocol

import pytest
from websockets.exceptions import ConnectionClosed, InvalidStatus
from websockets.sync.client import ClientConnection, connect

GUARD = 20.0  # seconds, against a hang
STREAMS = 20  # more than the pool has connections
LATENESS = 2  # seconds
SETTINGS = {"LIVE_STREAMS": str(STREAMS), "ALLOWED_LATENESS": str(LATENESS)}

REDIS = shutil.which("redis-server")
needs_redis = pytest.mark.skipif(REDIS is None, reason="there is no redis-server here")

type Event = tuple[str, Any]
"""Its name and data."""


class Stream(Protocol):
    def __next__(self) -> Event:
        """Raises StopIteration at the end."""
        ...


@dataclass(frozen=True)
class Server:
    """Started by `serving`.

    Attributes:
        issue: a new API key of these scopes.
    """

    process: subprocess.Popen[bytes]
    port: int
    issue: Callable[[str], str]

    def key(self) -> str:
        return self.issue("measurements analytics")

    def call(self, method: str, path: str, key: str = "", body: object = None) -> tuple[int, Any]:
        headers = {"Authorization": f"Bearer {key}"} if key else {}
        if body is not None:
            headers["Content-Type"] = "application/json"
        with closing(HTTPConnection("127.0.0.1", self.port, timeout=GUARD)) as link:
            link.request(method, path, None if body is None else json.dumps(body), headers)
            response = link.getresponse()
            return response.status, json.loads(response.read())

    def send(self, key: str, id_: str, metric: str = "speed") -> None:
        measured = {"id": id_, "metric": metric, "value": 1}
        status, said = self.call("POST", "/v1/measurements", key, {"measurements": [measured]})
        assert (status, said["accepted"]) == (202, 1)

    @contextmanager
    def events(self, key: str, query: str = "") -> Iterator[Stream]:
        """Server-sent events, from `ready` on."""
        with closing(HTTPConnection("127.0.0.1", self.port, timeout=GUARD)) as link:
            link.request("GET", f"/v1/live?{query}", headers={"Authorization": f"Bearer {key}"})
            with closing(link.getresponse()) as response:
                assert response.status == 200, response.read()
                assert response.headers["Content-Type"].startswith("text/event-stream")
                stream = _parsed(response)
                assert next(stream) == ("ready", {})
                yield stream

    @contextmanager
    def socket(self, key: str, query: str = "") -> Iterator[Stream]:
        """A WebSocket, likewise."""
        with self.connect(query, Authorization=f"Bearer {key}") as link:
            stream = _messages(link)
            assert next(stream) == ("ready", {})
            yield stream

    def connect(self, query: str = "", **headers: str) -> ClientConnection:
        return connect(
            f"ws://127.0.0.1:{self.port}/v1/live/ws?{query}",
            additional_headers=headers,
            open_timeout=GUARD,
            close_timeout=GUARD,
        )


def _parsed(lines: Iterator[bytes]) -> Iterator[Event]:
    name, since = "", time.monotonic()
    for line in lines:
        # Signs of life are no events.
        assert time.monotonic() - since < GUARD, "no event comes"
        field, _, value = line.decode().rstrip("\n").partition(": ")
        if field == "event":
            name = value
        elif field == "data":
            yield name, json.loads(value)
            since = time.monotonic()


def _messages(link: ClientConnection) -> Iterator[Event]:
    while True:
        try:
            message = json.loads(link.recv(GUARD))
        except ConnectionClosed:
            return
        yield message["event"], message["data"]


def free_port() -> int:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port: int = free.getsockname()[1]
        return port


def until(done: Callable[[], bool]) -> None:
    end = time.monotonic() + 3 * GUARD
    while not done():
        assert time.monotonic() < end, "it does not come about"
        time.sleep(0.05)


@contextmanager
def serving(
    command: Sequence[str], folder: Path, env: Mapping[str, str], issue: Callable[[str], str]
) -> Iterator[Server]:
    """Args:
    command: arguments of Python; the server reads `PORT`.
    """
    port = free_port()
    environ = {**os.environ, **SETTINGS, **env, "PORT": str(port)}
    process = subprocess.Popen([sys.executable, *command], cwd=folder, env=environ)
    server = Server(process, port, issue)

    def is_ready() -> bool:
        assert process.poll() is None, "the server did not start"
        try:
            return server.call("GET", "/readyz")[0] == 200
        except ConnectionError:
            return False

    try:
        until(is_ready)
        yield server
    finally:
        process.kill()
        process.wait()


@contextmanager
def redis(port: int) -> Iterator[None]:
    assert REDIS is not None
    command = [REDIS, "--port", str(port), "--save", "", "--bind", "127.0.0.1"]
    process = subprocess.Popen(command, stdout=subprocess.DEVNULL)

    def listens() -> bool:
        with socket.socket() as link:
            return link.connect_ex(("127.0.0.1", port)) == 0

    try:
        until(listens)
        yield
    finally:
        process.kill()
        process.wait()


KINDS = pytest.mark.parametrize("kind", [Server.events, Server.socket], ids=["sse", "websocket"])


class LiveContract:
    """Inherit it and give the fixtures `server` and `start`, which starts another."""

    @KINDS
    def test_a_change_is_told_at_once(self, server: Server, kind: Any) -> None:
        key = server.key()
        with kind(server, key, "window=1h") as stream:
            for count in (1, 2):
                server.send(key, f"m-{count}")
                name, told = next(stream)
                assert (name, told["window"], told["count"]) == ("window", "1h", count)
                assert (told["metric"], told["dimensions"]) == ("speed", {})

    @KINDS
    def test_nobody_is_told_of_what_others_sent_or_what_was_not_asked(
        self, server: Server, kind: Any
    ) -> None:
        mine, theirs = server.key(), server.key()
        with kind(server, mine, "window=1h&metric=speed") as stream:
            server.send(theirs, "theirs")
            server.send(mine, "another", "height")
            server.send(mine, "mine")
            assert next(stream)[1]["count"] == 1
            server.send(mine, "mine-too")
            assert next(stream)[1]["count"] == 2

    def test_a_window_is_told_closed_and_stays_so(self, server: Server) -> None:
        key = server.key()
        with server.events(key, "window=10s") as stream:
            server.send(key, "a")
            assert not next(stream)[1]["closed"]
            name, told = next(stream)
            assert (name, told["closed"], told["count"]) == ("window", True, 1)
        status, said = server.call("GET", "/v1/aggregates?metric=speed&window=10s", key)
        assert status == 200
        (found,) = said["data"]
        assert found == {name: told[name] for name in found}

    def test_streams_hold_no_connection_and_a_client_that_leaves_frees_its_place(
        self, server: Server
    ) -> None:
        key = server.key()
        status = 0
        with ExitStack() as streams:
            for number in range(STREAMS):
                kind = Server.socket if number % 2 else Server.events
                streams.enter_context(kind(server, key))
            assert server.call("GET", "/readyz")[0] == 200
            status, said = server.call("GET", "/v1/live", key)
            assert (status, said["detail"]) == (503, f"{STREAMS} streams are open")
            with (
                pytest.raises(InvalidStatus) as refused,
                server.connect(Authorization=f"Bearer {key}"),
            ):
                pass
            assert refused.value.response.status_code == 503

        def fits() -> bool:
            try:
                with server.socket(key):
                    return True
            except InvalidStatus:
                return False

        until(fits)

    @pytest.mark.parametrize(
        ("header", "status", "title"),
        [
            ("Bearer ak_no_such", 401, "Unauthorized"),
            ("Basic dTpw", 401, "Unauthorized"),
            ("Bearer {sender}", 403, "Forbidden"),
        ],
    )
    def test_a_socket_opens_to_its_scope_alone(
        self, server: Server, header: str, status: int, title: str
    ) -> None:
        header = header.format(sender=server.issue("measurements"))
        with pytest.raises(InvalidStatus) as refused, server.connect(Authorization=header):
            pass
        response = refused.value.response
        assert response.status_code == status
        assert response.headers["Content-Type"] == "application/problem+json"
        assert response.headers["WWW-Authenticate"].startswith("Bearer")
        assert json.loads(response.body)["title"] == title

    def test_a_browser_sends_its_key_in_the_first_message(self, server: Server) -> None:
        key = server.key()
        with server.connect("window=1h") as link:
            link.send(json.dumps({"authorization": f"Bearer {key}"}))
            stream = _messages(link)
            assert next(stream) == ("ready", {})
            server.send(key, "a")
            assert next(stream)[1]["count"] == 1

    @pytest.mark.parametrize("first", ['{"authorization": "Bearer ak_no_such"}', "[]", "{", "{}"])
    def test_a_first_message_without_a_usable_key_ends_it(self, server: Server, first: str) -> None:
        with server.connect() as link:
            link.send(first)
            with pytest.raises(ConnectionClosed) as closed:
                link.recv(GUARD)
        assert closed.value.rcvd is not None
        assert closed.value.rcvd.code == 1008

    def test_a_key_in_the_address_opens_nothing(self, server: Server) -> None:
        key = server.key()
        for name in ("key", "token", "access_token", "authorization"):
            assert server.call("GET", f"/v1/live?{name}={key}")[0] == 401
            with server.connect(f"{name}={key}") as link:
                link.send("{}")
                with pytest.raises(ConnectionClosed):
                    link.recv(GUARD)

    @KINDS
    def test_a_server_that_stops_says_so_last_and_waits_for_none(
        self, start: Callable[..., Any], kind: Any
    ) -> None:
        with start() as server, kind(server, server.key()) as stream:
            server.process.send_signal(signal.SIGTERM)
            assert list(stream) == [("server_shutdown", {})]
            server.process.wait(GUARD)


@needs_redis
class ProcessesContract:
    """Inherit it and give the fixture `start`, while no other process closes windows."""

    def test_processes_tell_each_other_and_say_what_nobody_knows(
        self, start: Callable[..., Any]
    ) -> None:
        port = free_port()
        env = {"REDIS_URL": f"redis://127.0.0.1:{port}/0"}
        with ExitStack() as stack:
            with redis(port):
                one, other = (stack.enter_context(start(**env)) for _ in range(2))
                key = one.key()
                here = stack.enter_context(one.events(key, "window=1h"))
                there = stack.enter_context(other.socket(key, "window=1h"))
                one.send(key, "a")
                assert [next(each)[1]["count"] for each in (here, there)] == [1, 1]
                other.send(key, "a2")
                assert [next(each)[1]["count"] for each in (here, there)] == [2, 2]
            one.send(key, "b")  # without Redis its own clients alone are told
            assert next(here)[1]["count"] == 3
            with redis(port):
                assert next(there) == ("gap", {"dropped": None})
                assert next(here) == ("gap", {"dropped": None})
                one.send(key, "c")
                assert [next(each)[1]["count"] for each in (here, there)] == [4, 4]

    def test_of_two_processes_one_closes_a_window_and_both_tell_it_once(
        self, start: Callable[..., Any]
    ) -> None:
        port = free_port()
        env = {"REDIS_URL": f"redis://127.0.0.1:{port}/0"}
        with redis(port), start(**env) as one, start(**env) as other:
            key = one.key()
            with one.events(key, "window=10s") as here, other.events(key, "window=10s") as there:
                one.send(key, "a")
                for each in (here, there):
                    assert [next(each)[1]["closed"] for _ in range(2)] == [False, True]
                other.send(key, "b")
                for each in (here, there):
                    assert not next(each)[1]["closed"]
