"""Server-sent events: a stream ends when its client leaves, and when the server is told to stop.

A server that gets SIGTERM waits for its open responses, and a stream may be open for minutes. So
the signal is noticed here, too: each stream sends a last event and ends.
"""

import asyncio
from collections.abc import AsyncGenerator, Generator, Mapping
from contextlib import contextmanager
from typing import Any

from django.core.handlers.asgi import ASGIRequest
from django.dispatch import Signal
from django.http import StreamingHttpResponse

from intelligence.api.stopping import at_stop

# The event loop is about to end. A receiver closes what lives in it.
server_stops = Signal()


@contextmanager
def stopping() -> Generator[asyncio.Event]:
    """An event that is set when the server is told to stop, as `at_stop` notices it."""
    event, loop = asyncio.Event(), asyncio.get_running_loop()
    with at_stop(lambda: loop.call_soon_threadsafe(event.set)):
        yield event


class EventStream(StreamingHttpResponse):
    """Sends events as they come, each with its blank line.

    Args:
        events: closed when the stream ends, whatever ends it; what it does then must be short.
        farewell: the last event of a stream that the server's end cuts short.
    """

    def __init__(
        self, request: ASGIRequest, events: AsyncGenerator[bytes], *, farewell: bytes
    ) -> None:
        super().__init__(
            _until(stop_of(request.scope), events, farewell),
            content_type="text/event-stream",
            headers={"Cache-Control": "no-store", "X-Accel-Buffering": "no"},
        )


def stop_of(scope: Mapping[str, Any]) -> asyncio.Event:
    """Set when the server is told to stop. Without a lifespan, as in tests, nothing sets it."""
    return scope.get("state", {}).get("stop") or asyncio.Event()


async def _until(
    stop: asyncio.Event, events: AsyncGenerator[bytes], farewell: bytes
) -> AsyncGenerator[bytes]:
    stopped = asyncio.ensure_future(stop.wait())
    following = asyncio.ensure_future(anext(events, None))
    try:
        while True:
            await asyncio.wait({following, stopped}, return_when=asyncio.FIRST_COMPLETED)
            if not following.done():
                yield farewell
                return
            if (event := following.result()) is None:
                return
            yield event
            following = asyncio.ensure_future(anext(events, None))
    finally:
        for each in (following, stopped):
            each.cancel()
        await asyncio.wait({following, stopped})
        await events.aclose()
