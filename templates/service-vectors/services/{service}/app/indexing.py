"""Commands that embed: they load a model of their own, wait for as long as it takes, and end it."""

import asyncio
import sys
from collections.abc import AsyncGenerator
from concurrent.futures import Future
from contextlib import asynccontextmanager

from app import logs
from app.commands import opened
from app.database import Database
from app.engine import build_engine
from app.settings import Settings
from intelligence.engine import Engine
from intelligence.errors import IntelligenceError

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


@asynccontextmanager
async def reindexing(settings: Settings) -> AsyncGenerator[tuple[Database, Engine]]:
    """The database, and a model to embed anew with. What the model cannot do ends the command."""
    logs.configure(settings)
    try:
        async with opened(settings) as database, started(build_engine(settings)) as engine:
            yield database, engine
    except IntelligenceError as error:
        sys.exit(f"stopped, and goes on from there when it is called again: {error}")
