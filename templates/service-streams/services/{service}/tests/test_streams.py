import asyncio
import signal
from collections.abc import AsyncGenerator
from typing import Any

import pytest
from fastapi import Request
from starlette.requests import ClientDisconnect
from starlette.types import Message

from app.streams import EventStream, stopping, while_connected

FAREWELL = b"event: farewell\n\n"


class Connection:
    """What the server gives to a response: the client stays until it is told to leave."""

    def __init__(self) -> None:
        self.left = asyncio.Event()
        self.sent: list[Message] = []
        self.something_sent = asyncio.Event()

    async def receive(self) -> Message:
        await self.left.wait()
        return {"type": "http.disconnect"}

    async def send(self, message: Message) -> None:
        self.sent.append(message)
        if message.get("body"):
            self.something_sent.set()

    @property
    def bodies(self) -> list[bytes]:
        return [message["body"] for message in self.sent if message.get("body")]


class Events:
    """One event, and then none until it is closed."""

    def __init__(self) -> None:
        self.closed = False

    async def __call__(self) -> AsyncGenerator[bytes]:
        try:
            yield b"data: first\n\n"
            await asyncio.Event().wait()
        finally:
            await asyncio.sleep(0)  # there is time to put down what it cost
            self.closed = True


async def respond(
    events: AsyncGenerator[bytes], connection: Connection, stop: asyncio.Event
) -> None:
    await EventStream(events, stop=stop, farewell=FAREWELL)({}, connection.receive, connection.send)


async def test_events_are_sent_as_they_come_and_the_answer_ends() -> None:
    async def two() -> AsyncGenerator[bytes]:
        yield b"data: 1\n\n"
        yield b"data: 2\n\n"

    connection = Connection()
    await respond(two(), connection, asyncio.Event())
    start, *_, end = connection.sent
    headers = dict(start["headers"])
    assert headers[b"content-type"].startswith(b"text/event-stream")
    assert headers[b"cache-control"] == b"no-store"
    assert b"content-length" not in headers
    assert connection.bodies == [b"data: 1\n\n", b"data: 2\n\n"]
    assert end == {"type": "http.response.body", "body": b"", "more_body": False}


async def test_a_client_that_leaves_ends_the_work() -> None:
    events, connection = Events(), Connection()
    answering = asyncio.ensure_future(respond(events(), connection, asyncio.Event()))
    await connection.something_sent.wait()
    connection.left.set()
    await answering
    assert events.closed
    assert FAREWELL not in connection.bodies


async def test_a_server_that_stops_says_so_last() -> None:
    events, connection, stop = Events(), Connection(), asyncio.Event()
    answering = asyncio.ensure_future(respond(events(), connection, stop))
    await connection.something_sent.wait()
    stop.set()
    await answering
    assert events.closed
    assert connection.bodies[-1] == FAREWELL
    assert connection.sent[-1]["more_body"] is False


async def test_a_bug_is_not_taken_for_the_end() -> None:
    async def broken() -> AsyncGenerator[bytes]:
        yield b"data: 1\n\n"
        raise ZeroDivisionError

    connection = Connection()
    with pytest.raises(ZeroDivisionError):
        await respond(broken(), connection, asyncio.Event())
    assert connection.sent[-1]["more_body"] is True


async def test_the_work_of_a_client_that_left_is_cancelled() -> None:
    connection = Connection()
    request = Request({"type": "http"}, connection.receive)
    started, ended = asyncio.Event(), False

    async def work() -> None:
        nonlocal ended
        started.set()
        try:
            await asyncio.Event().wait()
        finally:
            ended = True

    waiting = asyncio.ensure_future(while_connected(request, work()))
    await started.wait()
    connection.left.set()
    with pytest.raises(ClientDisconnect):
        await waiting
    assert ended


async def test_work_that_is_done_is_answered() -> None:
    async def work() -> int:
        return 7

    request = Request({"type": "http"}, Connection().receive)
    assert await while_connected(request, work()) == 7


async def test_a_signal_is_noticed_and_handed_on() -> None:
    got: list[int] = []

    def server(number: int, _: Any) -> None:
        got.append(number)

    before = signal.signal(signal.SIGTERM, server)
    try:
        with stopping() as stop:
            assert not stop.is_set()
            signal.raise_signal(signal.SIGTERM)
            async with asyncio.timeout(10):  # against a hang
                await stop.wait()
        assert got == [signal.SIGTERM]
        assert signal.getsignal(signal.SIGTERM) is server
    finally:
        signal.signal(signal.SIGTERM, before)
