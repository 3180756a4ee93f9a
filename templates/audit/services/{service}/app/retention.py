"""Records are deleted once they are older than `retention.toml` says.

Each serving process looks every hour; several may do so at a time. `python -m app retention` does
it now.
"""

import argparse
import asyncio
import logging
import sys
import tomllib
from collections.abc import AsyncGenerator, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

from fastapi import FastAPI
from sqlalchemy import Column, Table, delete, select

from app.commands import COMMANDS, Commands, opened
from app.database import Database
from app.models import Base, UtcDateTime, utcnow
from app.settings import Settings

logger = logging.getLogger("app.retention")

POLICY = Path(__file__).with_name("retention.toml")
EVERY = timedelta(hours=1)
AT_ONCE = 1000  # rows a transaction
GRACE = 5.0  # seconds that the database has at the end


@dataclass(frozen=True, slots=True)
class Rule:
    """Rows of `table` go when what `dated_by` says is more than `keep` ago."""

    table: Table
    dated_by: Column[Any]
    keep: timedelta


def policy(text: str) -> Sequence[Rule]:
    """Raises ValueError for a policy that names what is not there, or no number of days."""
    return [rule(name, entry) for name, entry in tomllib.loads(text).items()]


def rule(name: str, entry: Mapping[str, Any]) -> Rule:
    table = Base.metadata.tables.get(name)
    if table is None:
        raise ValueError(f"{POLICY.name}: there is no table {name}")
    column = table.columns.get(entry.get("dated_by", ""))
    if column is None or not isinstance(column.type, UtcDateTime):
        raise ValueError(f"{POLICY.name}: dated_by of {name} is no column with a time")
    days = entry.get("days")
    if not isinstance(days, int) or isinstance(days, bool) or days < 1:
        raise ValueError(f"{POLICY.name}: days of {name} is a number of days, 1 or more")
    return Rule(table, column, timedelta(days))


async def clean(database: Database, rules: Sequence[Rule], now: datetime) -> Mapping[str, int]:
    """Deletes what is too old at `now`, a batch a transaction; gives the rows by table."""
    return {each.table.name: await delete_before(database, each, now - each.keep) for each in rules}


async def delete_before(database: Database, rule: Rule, cutoff: datetime) -> int:
    key = rule.table.c.id
    oldest = select(key).where(rule.dated_by < cutoff).order_by(rule.dated_by).limit(AT_ONCE)
    some = delete(rule.table).where(key.in_(oldest.scalar_subquery())).returning(key)
    deleted = 0
    while True:
        async with database.session() as session:
            gone = len((await session.scalars(some)).all())
        deleted += gone
        if gone < AT_ONCE:
            return deleted


@asynccontextmanager
async def cleaning(app: FastAPI) -> AsyncGenerator[None]:
    """As long as the app runs. At its end what is under way may take GRACE."""
    stop = asyncio.Event()
    task = asyncio.create_task(clean_hourly(app.state.database, app.state.retention, stop))
    try:
        yield
    finally:
        stop.set()
        try:
            await asyncio.wait_for(task, GRACE)
        except TimeoutError:
            logger.warning("the database did not answer within %g s", GRACE)


async def clean_hourly(database: Database, rules: Sequence[Rule], stop: asyncio.Event) -> None:
    while not stop.is_set():
        try:
            async with asyncio.timeout(EVERY.total_seconds()):
                await stop.wait()
        except TimeoutError:
            try:
                log(await clean(database, rules, utcnow()))
            except Exception:  # the next turn comes all the same
                logger.exception("nothing was deleted")


def log(deleted: Mapping[str, int]) -> None:
    for table, rows in deleted.items():
        if rows:
            logger.info("deleted %d of %s", rows, table, extra={"table": table, "rows": rows})


async def clean_now(_: argparse.Namespace, settings: Settings) -> int:
    async with opened(settings) as database:
        for table, rows in (await clean(database, policy(POLICY.read_text()), utcnow())).items():
            sys.stdout.write(f"{table}\t{rows}\n")
    return 0


def add_commands(commands: Commands) -> None:
    command = commands.add_parser("retention", help="delete what is older than retention.toml says")
    command.set_defaults(run=clean_now)


def install(app: FastAPI, _: Settings) -> None:
    app.state.retention = policy(POLICY.read_text())
    app.state.resources.append(cleaning)


COMMANDS.append(add_commands)
