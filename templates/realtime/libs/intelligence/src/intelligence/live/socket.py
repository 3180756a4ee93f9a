"""A live stream by WebSocket, on ASGI's own messages
(https://asgi.readthedocs.io/en/latest/specs/www.html#websocket), whichever framework hands them on.

The key comes in the `Authorization` header or, from a browser, which cannot set one, in the first
message: `{"authorization": "Bearer …"}`. It is never taken from the address, which ends up in logs.
"""

import asyncio
import json
from collections.abc import AsyncGenerator, Awaitable, Callable, Mapping, Sequence
from contextlib import aclosing
from typing import Any

from intelligence.api.problems import MEDIA_TYPE, Problem
from intelligence.live.events import SHUTDOWN, Event

FIRST = 10.0  # seconds until the key must be there

POLICY_VIOLATION = 1008  # RFC 6455 §7.4.1
SERVICE_RESTART = 1012  # https://www.iana.org/assignments/websocket

type Receive = Callable[[], Awaitable[Mapping[str, Any]]]
type Send = Callable[[dict[str, Any]], Awaitable[None]]
type Events = AsyncGenerator[Sequence[Event]]
type Enter = Callable[[str], Awaitable[Events]]


class Refused(Exception):  # noqa: N818 - what happened, as in `intelligence.errors`
    """As an HTTP status with its problem."""

    def __init__(
        self, status: int, detail: str | None, headers: Mapping[str, str] | None = None
    ) -> None:
        super().__init__(detail)
        self.status = status
        self.detail = detail
        self.headers = headers or {}


async def serve(
    receive: Receive, send: Send, authorization: str, enter: Enter, stop: asyncio.Event
) -> None:
    """Args:
    authorization: the header, or empty.
    enter: lets a key in, and gives its events. Raises Refused.
    stop: set when the server is told to stop.
    """
    await receive()  # websocket.connect
    if authorization:
        try:
            events = await enter(_key(authorization))
        except Refused as refused:
            await _deny(send, refused)
            return
        await send({"type": "websocket.accept"})
    else:
        await send({"type": "websocket.accept"})
        try:
            async with asyncio.timeout(FIRST):
                message = await receive()
            if message["type"] == "websocket.disconnect":
                return
            events = await enter(_key(_first(message)))
        except (Refused, TimeoutError) as refused:
            reason = str(refused) or "no API key came"
            await send(
                {"type": "websocket.close", "code": POLICY_VIOLATION, "reason": reason[:100]}
            )
            return
    async with aclosing(events):
        await _talk(receive, send, events, stop)


async def _talk(receive: Receive, send: Send, events: Events, stop: asyncio.Event) -> None:
    sending = asyncio.ensure_future(_send(send, events))
    leaving = asyncio.ensure_future(_leaves(receive))
    stopped = asyncio.ensure_future(stop.wait())
    tasks = {sending, leaving, stopped}
    try:
        await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
        left, ended = leaving.done(), sending.done()
    finally:
        for each in tasks:
            each.cancel()  # without effect on what has ended
        await asyncio.wait(tasks)
    if left:
        return
    if ended:
        sending.result()
        await send({"type": "websocket.close", "code": POLICY_VIOLATION})
        return
    await send({"type": "websocket.send", "text": SHUTDOWN.message})
    await send({"type": "websocket.close", "code": SERVICE_RESTART})


async def _send(send: Send, events: Events) -> None:
    """The server's own pings are the signs of life."""
    async for some in events:
        for each in some:
            await send({"type": "websocket.send", "text": each.message})


async def _leaves(receive: Receive) -> None:
    while (await receive())["type"] != "websocket.disconnect":
        pass


def _first(message: Mapping[str, Any]) -> str:
    try:
        said = json.loads(message.get("text") or "")
    except ValueError:
        return ""
    return str(said.get("authorization", "")) if isinstance(said, dict) else ""


def _key(authorization: str) -> str:
    scheme, _, key = authorization.partition(" ")
    if scheme.lower() != "bearer" or not key:
        raise Refused(401, "this needs an API key", {"WWW-Authenticate": "Bearer"})
    return key


async def _deny(send: Send, refused: Refused) -> None:
    """https://asgi.readthedocs.io/en/latest/extensions.html#websocket-denial-response"""
    headers = {"Content-Type": MEDIA_TYPE, **refused.headers}
    await send(
        {
            "type": "websocket.http.response.start",
            "status": refused.status,
            "headers": [(name.lower().encode(), each.encode()) for name, each in headers.items()],
        }
    )
    body = Problem.of(refused.status, refused.detail).content()
    await send({"type": "websocket.http.response.body", "body": body})
