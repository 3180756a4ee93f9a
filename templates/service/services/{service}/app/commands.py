"""What features add to `python -m app`."""

import argparse
from collections.abc import AsyncGenerator, Callable, Coroutine
from contextlib import asynccontextmanager
from typing import Any

from app.database import Database
from app.settings import Settings

type Command = Callable[[argparse.Namespace, Settings], int | Coroutine[Any, Any, int]]
type Commands = argparse._SubParsersAction[argparse.ArgumentParser]

# Each adds commands, whose default `run` is a Command: complete when the features are imported.
COMMANDS: list[Callable[[Commands], None]] = []


@asynccontextmanager
async def opened(settings: Settings) -> AsyncGenerator[Database]:
    """The database, for as long as a command takes."""
    database = Database(settings.database_url)
    try:
        yield database
    finally:
        await database.close()
