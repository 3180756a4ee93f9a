"""Alembic's entry point: the service's settings and engine, and the tables of every feature."""

import asyncio

from alembic import context
from sqlalchemy import Connection

from app import features  # noqa: F401 - brings the features' tables into the metadata
from app.database import Database
from app.models import Base
from app.settings import Settings


def run(connection: Connection) -> None:
    # SQLite cannot alter a column in place; batch mode copies the table.
    context.configure(connection=connection, target_metadata=Base.metadata, render_as_batch=True)
    with context.begin_transaction():
        context.run_migrations()


async def main() -> None:
    database = Database(Settings().database_url)
    try:
        async with database.engine.connect() as connection:
            await connection.run_sync(run)
    finally:
        await database.close()


asyncio.run(main())
