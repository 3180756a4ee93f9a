"""Server-sent events: a stream ends when its client leaves, and when the server is told to stop.

A server that gets SIGTERM waits for its open responses, and a stream may be open for minutes. So
the signal is noticed here, too: each stream sends a last event and ends.
"""

import asyncio
from collections.abc import AsyncGenerator, Coroutine, Generator
from contextlib import asynccontextmanager, contextmanager
from typing import Any

from fastapi import FastAPI, Request, Response
from starlette.requests import ClientDisconnect
from starlette.types import Receive, Scope, Send

from app.settings import Settings
from intelligence.api.stopping import at_stop


@contextmanager
def stopping() -> Generator[asyncio.Event]:
    """An event that is set when the server is told to stop, as `at_stop` notices it."""
    event, loop = asyncio.Event(), asyncio.get_running_loop()
    with at_stop(lambda: loop.call_soon_threadsafe(event.set)):
        yield event


class EventStream(Response):
    """Sends events as they come, each with its blank line.

    Args:
        events: closed when the stream ends, whatever ends it; what it does then must be short.
        stop: see `stopping`.
        farewell: the last event of a stream that was stopped.
    """

    media_type = "text/event-stream"

    def __init__(
        self, events: AsyncGenerator[bytes], *, stop: asyncio.Event, farewell: bytes
    ) -> None:
        super().__init__(headers={"Cache-Control": "no-store", "X-Accel-Buffering": "no"})
        del self.headers["Content-Length"]
        self._events = events
        self._stop = stop
        self._farewell = farewell

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        del scope
        await send(
            {"type": "http.response.start", "status": self.status_code, "headers": self.raw_headers}
        )
        sending = asyncio.ensure_future(self._send_events(send))
        leaving = asyncio.ensure_future(_client_leaves(receive))
        stop = asyncio.ensure_future(self._stop.wait())
        try:
            await asyncio.wait({sending, leaving, stop}, return_when=asyncio.FIRST_COMPLETED)
            stopped = not sending.done() and not leaving.done()
        finally:
            for each in (leaving, stop, sending):
                each.cancel()  # without effect on what has ended
            await asyncio.wait({sending})
            await self._events.aclose()
        if not sending.cancelled():
            sending.result()
        if stopped:
            await send({"type": "http.response.body", "body": self._farewell, "more_body": True})
        await send({"type": "http.response.body", "body": b"", "more_body": False})

    async def _send_events(self, send: Send) -> None:
        async for event in self._events:
            await send({"type": "http.response.body", "body": event, "more_body": True})


async def while_connected[R](request: Request, work: Coroutine[Any, Any, R]) -> R:
    """Cancels the work when its client leaves: nobody would read what comes of it.

    The body must have been read. Raises ClientDisconnect.
    """
    working = asyncio.ensure_future(work)
    leaving = asyncio.ensure_future(_client_leaves(request.receive))
    try:
        await asyncio.wait({working, leaving}, return_when=asyncio.FIRST_COMPLETED)
    finally:
        leaving.cancel()
        working.cancel()  # without effect on what has ended
        await asyncio.wait({working})
    if working.cancelled():
        raise ClientDisconnect
    return working.result()


async def _client_leaves(receive: Receive) -> None:
    while (await receive())["type"] != "http.disconnect":
        pass


@asynccontextmanager
async def resources(app: FastAPI) -> AsyncGenerator[None]:
    with stopping() as app.state.stopping:
        yield


def install(app: FastAPI, _: Settings) -> None:
    app.state.resources.append(resources)
