"""Answers that are being written when something happens, on a server process of its own."""

import asyncio
import json
import os
import signal
import socket
import subprocess
import sys
from collections.abc import AsyncGenerator, AsyncIterator, Iterator
from contextlib import AsyncExitStack, asynccontextmanager, contextmanager
from pathlib import Path

import httpx2
import pytest
from sqlalchemy import select

from app.__main__ import GRACEFUL_SHUTDOWN
from app.database import Database
from app.keys import ApiKeys
from app.models import UsageRecord
from intelligence.testing.endless import EndlessGenerator

GUARD = 15.0  # seconds, against a hang
MODEL = EndlessGenerator.model
STREAMS = 20  # more than the pool has connections

ASKED = {"model": MODEL, "messages": [{"role": "user", "content": "Go on."}]}


class Server:
    def __init__(self, process: subprocess.Popen[bytes], url: str) -> None:
        self.process = process
        self.url = url


@contextmanager
def serving() -> Iterator[Server]:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    command = [
        sys.executable, "-m", "uvicorn", "--app-dir", "tests", "--factory", "endless:app",
        "--port", str(port), "--timeout-graceful-shutdown", str(GRACEFUL_SHUTDOWN),
    ]  # fmt: skip
    process = subprocess.Popen(command, cwd=Path(__file__).parents[1], env=os.environ)
    try:
        yield Server(process, f"http://127.0.0.1:{port}")
    finally:
        process.kill()
        process.wait()


@pytest.fixture(scope="module")
def server(environment: None) -> Iterator[Server]:
    with serving() as server:
        yield server


@pytest.fixture
async def key(keys: ApiKeys) -> str:
    return await keys.issue("test", ["chat"])


@pytest.fixture
async def client(server: Server, key: str) -> AsyncGenerator[httpx2.AsyncClient]:
    async with calling(server, key) as client:
        yield client


@asynccontextmanager
async def calling(server: Server, key: str) -> AsyncIterator[httpx2.AsyncClient]:
    """A client of a server that is ready."""
    headers = {"Authorization": f"Bearer {key}"}
    async with httpx2.AsyncClient(base_url=server.url, headers=headers, timeout=GUARD) as client:
        async with asyncio.timeout(4 * GUARD):
            while not await answers(client):
                assert server.process.poll() is None, "the server did not start"
                await asyncio.sleep(0.1)
        yield client


async def answers(client: httpx2.AsyncClient) -> bool:
    try:
        return (await client.get("/readyz")).is_success
    except httpx2.ConnectError:
        return False


@asynccontextmanager
async def asking(client: httpx2.AsyncClient) -> AsyncIterator[AsyncIterator[str]]:
    """The lines of an answer that has begun."""
    body = ASKED | {"stream": True}
    async with client.stream("POST", "/v1/chat/completions", json=body) as response:
        assert response.status_code == 200, await response.aread()
        lines = response.aiter_lines()
        await anext(lines)
        yield lines


async def recorded(database: Database, status: int) -> UsageRecord:
    """Waits for it."""
    query = select(UsageRecord).where(UsageRecord.model == MODEL, UsageRecord.status == status)
    async with asyncio.timeout(GUARD):
        while True:
            async with database.session() as session:
                if record := await session.scalar(query.order_by(UsageRecord.id.desc())):
                    return record
            await asyncio.sleep(0.1)


async def test_open_streams_hold_no_connection(client: httpx2.AsyncClient) -> None:
    async with AsyncExitStack() as stack:
        for _ in range(STREAMS):
            await stack.enter_async_context(asking(client))
        assert (await client.get("/readyz")).status_code == 200


async def test_a_client_that_leaves_a_stream_ends_the_work(
    client: httpx2.AsyncClient, database: Database
) -> None:
    async with asking(client):
        pass
    record = await recorded(database, 499)
    assert (record.operation, record.output_tokens > 0) == ("chat", True)


async def test_a_client_that_waits_no_longer_ends_the_work(
    client: httpx2.AsyncClient, database: Database
) -> None:
    async with database.session() as session:
        for row in await session.scalars(select(UsageRecord).where(UsageRecord.model == MODEL)):
            await session.delete(row)
    with pytest.raises(httpx2.ReadTimeout):
        await client.post("/v1/chat/completions", json=ASKED, timeout=0.5)
    assert (await recorded(database, 499)).operation == "chat"


async def test_a_server_that_stops_tells_its_streams_and_waits_for_none(key: str) -> None:
    with serving() as server:
        async with calling(server, key) as client, asking(client) as lines:
            server.process.send_signal(signal.SIGTERM)
            *_, event, data = [line async for line in lines if line]
        assert GUARD < GRACEFUL_SHUTDOWN
        server.process.wait(GUARD)
    assert event == "event: server_shutdown"
    error = json.loads(data.removeprefix("data: "))["error"]
    assert (error["code"], "ask again" in error["message"]) == ("server_shutdown", True)
