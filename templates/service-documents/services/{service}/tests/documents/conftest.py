"""A store that holds no document, and an event loop for it, so that tests need not be coroutines."""

from collections.abc import Coroutine, Iterator
from typing import Any

import pytest
from anyio.from_thread import BlockingPortal, start_blocking_portal
from sqlalchemy import delete

from app.chunks import DocumentRecord, SqlChunkStore
from app.database import Database
from app.settings import Settings
from intelligence.retrieval.ports import ChunkStore
from intelligence.testing.chunk_store import Run


class Loop:
    def __init__(self, portal: BlockingPortal) -> None:
        self._portal = portal

    def __call__[T](self, coroutine: Coroutine[Any, Any, T], /) -> T:
        async def awaited() -> T:
            return await coroutine

        return self._portal.call(awaited)


@pytest.fixture
def run() -> Iterator[Run]:
    with start_blocking_portal() as portal:
        yield Loop(portal)


@pytest.fixture
def storage(settings: Settings, run: Run) -> Iterator[Database]:
    database = Database(settings.database_url)

    async def empty() -> None:
        async with database.session() as session:
            await session.execute(delete(DocumentRecord))

    run(empty())
    yield database
    run(database.close())


@pytest.fixture
def store(storage: Database) -> ChunkStore:
    return SqlChunkStore(storage)
