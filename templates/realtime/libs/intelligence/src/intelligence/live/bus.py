"""How the processes of a service tell each other what changed.

Redis' pub/sub rather than its streams: what is told is kept already, in the database, so a process
that misses something needs no second log of it, only to say so. A message reaches whoever listens
now and costs nobody else anything.
"""

import asyncio
import logging
from collections.abc import AsyncGenerator, Sequence
from contextlib import AbstractAsyncContextManager, asynccontextmanager, suppress
from typing import Protocol

from redis.asyncio import Redis
from redis.exceptions import RedisError

from intelligence.live.events import Update
from intelligence.live.hub import Hub

logger = logging.getLogger(__name__)

CHANNEL = "live"
FIRST = 5.0  # seconds that a process waits for Redis before it goes on without
RETRY = 1.0  # seconds
SILENCE = 15.0  # seconds until Redis is asked whether it is still there


class Bus(Protocol):
    async def publish(self, updates: Sequence[Update]) -> None:
        """Fails for nobody: what is told is stored already."""
        ...

    def running(self) -> AbstractAsyncContextManager[None]: ...


class OneProcess:
    """There is no other."""

    def __init__(self, hub: Hub) -> None:
        self._hub = hub

    async def publish(self, updates: Sequence[Update]) -> None:
        for update in updates:
            self._hub.tell(update)

    @asynccontextmanager
    async def running(self) -> AsyncGenerator[None]:
        yield


class RedisBus:
    """While Redis is away each process tells its own clients what it takes in itself."""

    def __init__(self, hub: Hub, url: str) -> None:
        self._hub = hub
        self._client = Redis.from_url(url, socket_connect_timeout=FIRST, protocol=2)
        self._listening = asyncio.Event()

    async def publish(self, updates: Sequence[Update]) -> None:
        try:
            async with self._client.pipeline(transaction=False) as pipeline:
                for update in updates:
                    pipeline.publish(CHANNEL, update.model_dump_json())
                await pipeline.execute()
        except (RedisError, OSError) as error:
            logger.warning("other processes were not told what changed: %s", error)
            for update in updates:
                self._hub.tell(update)

    @asynccontextmanager
    async def running(self) -> AsyncGenerator[None]:
        listener = asyncio.create_task(self._listen())
        with suppress(TimeoutError):
            async with asyncio.timeout(FIRST):
                await self._listening.wait()
        try:
            yield
        finally:
            listener.cancel()
            await asyncio.wait([listener])
            await self._client.aclose()

    async def _listen(self) -> None:
        while True:
            try:
                async with self._client.pubsub() as channel:
                    await channel.subscribe(CHANNEL)
                    while True:
                        self._hear(await channel.get_message(timeout=SILENCE))
            except (RedisError, OSError) as error:
                logger.warning("what other processes tell is not heard: %s", error)
            await asyncio.sleep(RETRY)

    def _hear(self, message: dict[str, object] | None) -> None:
        match message:
            case {"type": "message", "data": bytes(data)}:
                self._hub.tell(Update.model_validate_json(data))
            case {"type": "subscribe"} if self._listening.is_set():
                self._hub.interrupted()  # the client came back by itself, or we did
            case {"type": "subscribe"}:
                self._listening.set()
