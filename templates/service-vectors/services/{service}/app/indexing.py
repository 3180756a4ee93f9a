"""Commands that embed: they load a model of their own, wait for as long as it takes, and end it."""

import asyncio
from collections.abc import AsyncGenerator
from concurrent.futures import Future
from contextlib import asynccontextmanager

from intelligence.engine import Engine

CLOSING = 10.0  # seconds that the model has to end


async def in_time[R](future: Future[R], /) -> R:
    """A command waits for as long as it takes."""
    return await asyncio.wrap_future(future)


@asynccontextmanager
async def started(engine: Engine) -> AsyncGenerator[Engine]:
    """Raises ModelError."""
    try:
        await asyncio.wrap_future(engine.start())
        yield engine
    finally:
        await asyncio.to_thread(engine.close, CLOSING)
