import asyncio
import socket
from collections.abc import AsyncGenerator
from urllib.error import URLError
from urllib.request import urlopen

import httpx2
import pytest
from fastapi import FastAPI

from app.main import create_app
from app.settings import Settings
from intelligence.engine import Engine
from intelligence.testing.embedder import MadeUpEmbedder
from intelligence.usage import Usage

GUARD = 10.0  # seconds, against a hang


@pytest.fixture
def port(monkeypatch: pytest.MonkeyPatch) -> int:
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        port: int = listener.getsockname()[1]
    monkeypatch.setenv("METRICS_PORT", str(port))
    return port


@pytest.fixture
async def measured(port: int) -> AsyncGenerator[FastAPI]:
    app = create_app(Settings(), Engine(MadeUpEmbedder))
    async with app.router.lifespan_context(app):
        yield app


async def scraped(port: int) -> set[str]:
    def scrape() -> set[str]:
        with urlopen(f"http://127.0.0.1:{port}/metrics", timeout=GUARD) as response:
            return set(response.read().decode().splitlines())

    return await asyncio.to_thread(scrape)


async def test_requests_are_counted_by_route_and_the_model_is_shown(
    measured: FastAPI, port: int
) -> None:
    @measured.get("/parcels/{number}")
    async def parcel(number: int) -> int:
        if number == 3:
            raise RuntimeError("lost")
        return number

    transport = httpx2.ASGITransport(measured)
    async with httpx2.AsyncClient(transport=transport, base_url="http://test") as client:
        for path in ("/parcels/1", "/parcels/2", "/parcels/3", "/x", "/docs/assets/swagger-ui.css"):
            await client.get(path)
    usage = Usage(None, "embeddings", "measured", 7, 0, 1.5, 200)
    await measured.state.usage_sink.record(usage)
    assert {
        'http_requests_total{method="GET",route="/parcels/{number}",status="200"} 2.0',
        'http_requests_total{method="GET",route="/parcels/{number}",status="500"} 1.0',
        'http_request_duration_seconds_count{method="GET",route="/parcels/{number}"} 3.0',
        'http_requests_total{method="GET",route="",status="404"} 1.0',
        'http_requests_total{method="GET",route="/docs/assets",status="200"} 1.0',
        'inference_tokens_total{direction="input",operation="embeddings"} 7.0',
        "inference_queue_depth 0.0",
        "inference_batch_size_count 0.0",
    } <= await scraped(port)


async def test_the_public_port_shows_nothing(measured: FastAPI) -> None:
    transport = httpx2.ASGITransport(measured)
    async with httpx2.AsyncClient(transport=transport, base_url="http://test") as client:
        assert (await client.get("/metrics")).status_code == 404


async def test_it_listens_only_where_it_is_told_to_and_while_the_service_runs(
    settings: Settings, port: int
) -> None:
    for given in (settings, Settings()):
        app = create_app(given, Engine(MadeUpEmbedder))
        async with app.router.lifespan_context(app):
            if given.metrics_port:
                assert await scraped(port)
            else:
                with pytest.raises(URLError):
                    await scraped(port)
    with pytest.raises(URLError):
        await scraped(port)
