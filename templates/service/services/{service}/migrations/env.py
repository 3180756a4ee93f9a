"""Alembic's entry point: the service's settings and engine, and the tables of every feature."""

import asyncio
from typing import Literal

from alembic import context
from alembic.autogenerate.api import AutogenContext
from sqlalchemy import Connection, event
from sqlalchemy.engine.interfaces import DBAPIConnection
from sqlalchemy.pool import ConnectionPoolEntry

from app import features  # noqa: F401 - brings the features' tables into the metadata
from app.database import Database
from app.models import BY_HAND, Base, UtcDateTime
from app.settings import Settings


def render(kind: str, item: object, _: AutogenContext) -> str | Literal[False]:
    """A new migration names the column's type, not the class of ours, which may change later."""
    if kind == "type" and isinstance(item, UtcDateTime):
        return "sa.DateTime(timezone=True)"
    return False


def is_modelled(name: str | None, *_: object) -> bool:
    return name not in BY_HAND


def run(connection: Connection) -> None:
    # SQLite cannot alter a column in place; batch mode copies the table and drops the old one.
    context.configure(
        connection=connection,
        target_metadata=Base.metadata,
        render_as_batch=True,
        render_item=render,
        include_name=is_modelled,
    )
    with context.begin_transaction():
        context.run_migrations()


def allow_recreation(connection: DBAPIConnection, _: ConnectionPoolEntry) -> None:
    """Lets a table be dropped that others refer to, https://sqlite.org/lang_altertable.html §7."""
    connection.cursor().execute("PRAGMA foreign_keys=OFF")  # without effect inside a transaction


async def main() -> None:
    database = Database(Settings().database_url)
    if database.engine.name == "sqlite":
        event.listen(database.engine.sync_engine, "connect", allow_recreation)
    try:
        async with database.engine.connect() as connection:
            await connection.run_sync(run)
    finally:
        await database.close()


asyncio.run(main())
