"""The process before it listens, while it is told to stop, and what starts it."""

import asyncio
import signal
from collections.abc import Iterator, Mapping
from typing import Any

import pytest
import uvicorn
from django.core.management import call_command

from apps.core import signals
from config.asgi import application


@pytest.fixture
def told() -> Iterator[list[int]]:
    """The signals that came to the handler that was there before."""
    numbers: list[int] = []
    before = signal.signal(signal.SIGTERM, lambda number, _: numbers.append(number))
    yield numbers
    signal.signal(signal.SIGTERM, before)


@pytest.fixture
def nothing_to_start(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(signals.server_starts, "receivers", [])


async def never(message: Mapping[str, Any]) -> None:
    raise AssertionError(message)


@pytest.mark.usefixtures("nothing_to_start")
def test_what_keeps_a_server_from_starting_keeps_it_from_listening() -> None:
    def fails(**_: Any) -> None:
        raise RuntimeError("the model is missing")

    async def receive() -> Mapping[str, Any]:
        return {"type": "lifespan.startup"}

    async def start() -> None:
        await application({"type": "lifespan", "state": {}}, receive, never)

    signals.server_starts.connect(fails)
    with pytest.raises(RuntimeError, match="the model is missing"):
        asyncio.run(start())


@pytest.mark.usefixtures("nothing_to_start")
def test_a_signal_is_told_to_streams_and_to_the_server(told: list[int]) -> None:
    state: dict[str, asyncio.Event] = {}
    said: list[str] = []

    async def lives() -> None:
        events = asyncio.Queue[dict[str, str]]()

        async def send(message: Mapping[str, Any]) -> None:
            said.append(message["type"])
            if message["type"] == "lifespan.startup.complete":
                signal.raise_signal(signal.SIGTERM)
                await state["stop"].wait()
                events.put_nowait({"type": "lifespan.shutdown"})

        events.put_nowait({"type": "lifespan.startup"})
        await application({"type": "lifespan", "state": state}, events.get, send)

    asyncio.run(lives())
    assert said == ["lifespan.startup.complete", "lifespan.shutdown.complete"]
    signal.raise_signal(signal.SIGTERM)  # afterwards the server's handler is back
    assert told == [signal.SIGTERM, signal.SIGTERM]


@pytest.mark.parametrize(("arguments", "reload"), [([], False), (["--reload"], True)])
def test_development_alone_looks_for_changes(
    monkeypatch: pytest.MonkeyPatch, arguments: list[str], reload: bool
) -> None:
    started: list[dict[str, Any]] = []
    monkeypatch.setattr(uvicorn, "run", lambda *_, **options: started.append(options))
    call_command("serve", *arguments)
    assert [each["reload"] for each in started] == [reload]
