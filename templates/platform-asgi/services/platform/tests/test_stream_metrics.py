"""What is counted of streams, by Django's own handler of ASGI."""

import asyncio
from collections.abc import AsyncGenerator, Mapping
from typing import Any

import pytest
from django.core.handlers.asgi import ASGIHandler, ASGIRequest
from django.urls import path
from pytest_django import Settings

from apps.api.metrics import metrics
from apps.core.streams import EventStream

GUARD = 10.0  # seconds, against a hang


async def three(request: ASGIRequest) -> EventStream:
    async def events() -> AsyncGenerator[bytes]:
        for number in range(3):
            yield f"data: {number}\n\n".encode()

    return EventStream(request, events(), farewell=b"")


async def endless(request: ASGIRequest) -> EventStream:
    async def events() -> AsyncGenerator[bytes]:
        yield b"data: first\n\n"
        await asyncio.Event().wait()

    return EventStream(request, events(), farewell=b"")


urlpatterns = [path("three", three), path("endless", endless)]


@pytest.mark.urls(__name__)
@pytest.mark.parametrize(
    ("route", "last", "bodies"),
    [
        ("/three", "nothing", 3),
        ("/endless", "http.response.body", 1),
        ("/endless", "http.response.start", 0),
    ],
)
def test_a_stream_is_counted_once_and_at_its_end_whatever_ends_it(
    monkeypatch: pytest.MonkeyPatch, settings: Settings, route: str, last: str, bodies: int
) -> None:
    """The client leaves when it has got the `last`."""
    settings.METRICS_PORT = 9100
    counted: list[tuple[object, ...]] = []
    monkeypatch.setattr(metrics, "answered", lambda *figures: counted.append(figures[:3]))
    sent: list[bytes] = []

    async def ask() -> None:
        messages = [{"type": "http.request"}]
        leaves = asyncio.Event()

        async def receive() -> Mapping[str, Any]:
            if messages:
                return messages.pop()
            await leaves.wait()
            return {"type": "http.disconnect"}

        async def send(message: Mapping[str, Any]) -> None:
            if message.get("body"):
                assert counted == []
                sent.append(message["body"])
            if message["type"] == last:
                leaves.set()
                await asyncio.sleep(GUARD)  # it is cancelled

        scope = {
            "type": "http",
            "method": "GET",
            "path": route,
            "query_string": b"",
            "headers": [(b"host", b"testserver")],
        }
        async with asyncio.timeout(GUARD):
            await ASGIHandler()(scope, receive, send)

    asyncio.run(ask())
    assert counted == [("GET", route, 200)]
    assert len(sent) == bodies
