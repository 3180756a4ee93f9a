"""One async engine for SQLite and PostgreSQL, and short sessions on it.

A session lives for one unit of work. A route that streams opens one before its first byte and
another to save at the end: held for as long as the stream, it would pin a connection, and a few
streams empty the pool.
"""

from contextlib import AbstractAsyncContextManager
from pathlib import Path
from typing import Annotated

from fastapi import Depends
from sqlalchemy import URL, Connection, event, text
from sqlalchemy.engine.interfaces import DBAPIConnection
from sqlalchemy.ext.asyncio import AsyncSession, async_sessionmaker, create_async_engine
from sqlalchemy.pool import ConnectionPoolEntry
from starlette.requests import HTTPConnection

CONNECTIONS = 10  # to PostgreSQL at most, as docs/scalability.md counts them
READING = {"postgresql_readonly": True}  # on PostgreSQL what writes is an error


class Database:
    def __init__(self, url: URL) -> None:
        sqlite = url.get_backend_name() == "sqlite"
        if sqlite and url.database:
            Path(url.database).parent.mkdir(parents=True, exist_ok=True)
        if sqlite:
            self.engine = create_async_engine(url, hide_parameters=True)
            event.listen(self.engine.sync_engine, "connect", _configure_sqlite)
            event.listen(self.engine.sync_engine, "begin", _begin)
        else:
            self.engine = create_async_engine(
                url,
                hide_parameters=True,
                pool_pre_ping=True,
                pool_size=CONNECTIONS,
                max_overflow=0,
            )
        self._snapshots = self.engine.execution_options(**READING)
        self._writing = async_sessionmaker(self.engine, expire_on_commit=False)
        self._reading = async_sessionmaker(self._snapshots, expire_on_commit=False)

    def session(self) -> AbstractAsyncContextManager[AsyncSession]:
        """A session in a transaction: committed at the end of the block, else rolled back."""
        return self._writing.begin()

    def reading(self) -> AbstractAsyncContextManager[AsyncSession]:
        """Like `session`, for what only reads: on SQLite it waits for no writer."""
        return self._reading.begin()

    async def ping(self) -> None:
        """Raises SQLAlchemyError or OSError when the database does not answer."""
        async with self._snapshots.connect() as connection:
            await connection.execute(text("SELECT 1"))

    async def close(self) -> None:
        await self.engine.dispose()


def _configure_sqlite(connection: DBAPIConnection, _: ConnectionPoolEntry) -> None:
    """WAL lets others read while one writes; a second writer waits up to 5 s for its turn."""
    connection.isolation_level = None  # transactions are begun below, not by the driver
    cursor = connection.cursor()
    cursor.execute("PRAGMA journal_mode=WAL")
    cursor.execute("PRAGMA synchronous=NORMAL")
    cursor.execute("PRAGMA busy_timeout=5000")
    cursor.execute("PRAGMA foreign_keys=ON")
    cursor.close()


def _begin(connection: Connection) -> None:
    """Takes the write lock first: a reader that comes to write would fail at once, not wait."""
    reads = READING.items() <= connection.get_execution_options().items()
    connection.exec_driver_sql("BEGIN" if reads else "BEGIN IMMEDIATE")


async def get_database(connection: HTTPConnection) -> Database:
    database: Database = connection.app.state.database
    return database


DatabaseDep = Annotated[Database, Depends(get_database)]
