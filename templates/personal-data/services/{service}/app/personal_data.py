"""What is kept of one caller: exported (GDPR, articles 15 and 20) and deleted (article 17).

Whose a row is can be read off the tables: it refers to a key, names it as `owner`, has an id that
begins with the key's, belongs to a row that does one of these, or is sent to its `email` address.
So no feature has to be named here, and none can be forgotten.
"""

import argparse
import json
import sys
from collections.abc import AsyncGenerator, Mapping, Sequence
from contextlib import asynccontextmanager
from datetime import datetime
from typing import Any

from fastapi import FastAPI
from sqlalchemy import (
    Column,
    ColumnElement,
    LargeBinary,
    ScalarSelect,
    String,
    Table,
    TypeDecorator,
    delete,
    func,
    or_,
    select,
    update,
)
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.types import TypeEngine

from app.commands import COMMANDS, Commands, opened
from app.database import Database
from app.events import happened
from app.models import ApiKey, Base, utcnow
from app.settings import Settings

OWNER = "owner"
ADDRESS = "email"
CALLER = "ak_"  # what the ids of keys begin with that call for themselves
# Hashes are of use to the service alone.
SECRETS = {"digest", "password"}


def of_caller(key: ApiKey, *, owned: bool = True) -> Mapping[Table, ColumnElement[bool]]:
    """The tables that keep something of callers, each with what is this one's; parents first.

    Args:
        owned: with what belongs to the key's name.
    """
    found: dict[Table, ColumnElement[bool]] = {}
    for table in Base.metadata.sorted_tables:
        if table is ApiKey.__table__:
            continue
        if conditions := [
            condition
            for column in table.columns
            if owned or column.name != OWNER
            if (condition := _whose(column, key, found)) is not None
        ]:
            found[table] = or_(*conditions)
        elif isinstance(table.c.id.type, String):
            found[table] = table.c.id.startswith(f"{key.id}/", autoescape=True)
    return found


def _whose(
    column: Column[Any], key: ApiKey, found: Mapping[Table, ColumnElement[bool]]
) -> ColumnElement[bool] | None:
    if column.name == OWNER:
        return column == key.name
    if column.name == ADDRESS:
        accounts = [table for table in found if ADDRESS in table.columns]
        known = (select(table.c[ADDRESS]).where(found[table]) for table in accounts)
        return or_(*(column.in_(each) for each in known)) if accounts else None
    for reference in column.foreign_keys:
        target = reference.column
        if target.table is ApiKey.__table__:
            return column == key.id
        if (parents := found.get(target.table)) is not None:
            return column.in_(select(target).where(parents))
    return None


async def caller(session: AsyncSession, key_id: str) -> ApiKey | None:
    """None if there is none. A key that calls for another is none: what it keeps is not its own."""
    return await session.get(ApiKey, key_id) if key_id.startswith(CALLER) else None


async def of_it_alone(session: AsyncSession, key: ApiKey) -> Mapping[Table, ColumnElement[bool]]:
    """Like `of_caller`, less what belongs to its name while another key in use has that, too."""
    namesakes = select(ApiKey).where(
        ApiKey.name == key.name,
        ApiKey.id != key.id,
        ApiKey.id.startswith(CALLER, autoescape=True),
    )
    now = utcnow()
    in_use = [each for each in await session.scalars(namesakes) if each.usable(now)]
    return of_caller(key, owned=not in_use)


def readable(table: Table) -> Sequence[Column[Any]]:
    """All but hashes and vectors, which the service computed for itself."""
    return [
        column
        for column in table.columns
        if column.name not in SECRETS and not is_vector(column.type)
    ]


def is_vector(kind: TypeEngine[Any]) -> bool:
    """Bytes that a type of our own reads; others are a text."""
    return isinstance(kind, TypeDecorator) and isinstance(kind.impl_instance, LargeBinary)


async def export(database: Database, key_id: str) -> AsyncGenerator[str]:
    """A JSON object a row: the table and what stands in it. Raises LookupError: no such caller."""
    async with database.session() as session:
        key = await caller(session, key_id)
        if key is None:
            raise LookupError(key_id)
        happened(session, "data.exported", key_id)
    keys: Table = Base.metadata.tables[ApiKey.__tablename__]
    every = {keys: keys.c.id == key_id, **of_caller(key)}
    async with database.reading() as session:
        for table, condition in every.items():
            rows = await session.stream(select(*readable(table)).where(condition))
            async for row in rows:
                yield json.dumps({"table": table.name} | dict(row._mapping), default=_text)


def _text(value: object) -> str:
    if isinstance(value, bytes):
        return value.decode()
    return value.isoformat() if isinstance(value, datetime) else str(value)


async def count(database: Database, key_id: str) -> Mapping[str, int]:
    """How many rows of each table `erase` would take. Raises LookupError: no such caller."""
    async with database.reading() as session:
        key = await caller(session, key_id)
        if key is None:
            raise LookupError(key_id)
        return {
            table.name: await session.scalar(
                select(func.count()).select_from(table).where(condition)
            )
            or 0
            for table, condition in (await of_it_alone(session, key)).items()
        }


async def erase(database: Database, key_id: str) -> None:
    """In one transaction, with the key. Raises LookupError, and does nothing: no such caller.

    A row that may be nobody's, such as what a request cost, stays and is nobody's from now on. What
    belongs to the key's name goes with the last key in use that has it. Keys that called for this
    caller are revoked, sessions that acted for it end.
    """
    async with database.session() as session:
        key = await caller(session, key_id)
        if key is None:
            raise LookupError(key_id)
        for table, condition in reversed([*(await of_it_alone(session, key)).items()]):
            column = _key_of(table)
            if column is not None and column.nullable:
                await session.execute(update(table).where(condition).values({column: None}))
                continue
            if (other := _other(table)) is not None:
                chosen = select(*table.primary_key).where(condition).scalar_subquery()
                await _end(session, other, chosen)
            await session.execute(delete(table).where(condition))
        await session.execute(delete(ApiKey).where(ApiKey.id == key_id))
        happened(session, "data.deleted", key_id)


def _key_of(table: Table) -> Column[Any] | None:
    """Its reference to a key."""
    for column in table.columns:
        if any(each.column.table is ApiKey.__table__ for each in column.foreign_keys):
            return column
    return None


def _other(table: Table) -> Column[Any] | None:
    """The id of the row that each of this table says more of: it has none of its own."""
    first, *more = table.primary_key
    return None if more else next((each.column for each in first.foreign_keys), None)


async def _end(session: AsyncSession, other: Column[Any], chosen: ScalarSelect[Any]) -> None:
    """What called or acted for the caller does so no more."""
    if other.table is not ApiKey.__table__:
        await session.execute(delete(other.table).where(other.in_(chosen)))
        return
    revoked = (
        update(ApiKey)
        .where(ApiKey.id.in_(chosen), ApiKey.revoked_at.is_(None))
        .values(revoked_at=utcnow())
        .returning(ApiKey.id)
    )
    for key_id in await session.scalars(revoked):
        happened(session, "key.revoked", key_id)


def install(_: FastAPI, __: Settings) -> None:
    """There are commands alone: who asks is known to whoever runs them, not to a program."""


@asynccontextmanager
async def stored(settings: Settings) -> AsyncGenerator[Database]:
    """Who is no caller ends the command."""
    try:
        async with opened(settings) as database:
            yield database
    except LookupError as error:
        sys.exit(f"there is no caller {error}: it is the id of a key, {CALLER}…")


async def export_to_stdout(arguments: argparse.Namespace, settings: Settings) -> int:
    async with stored(settings) as database:
        async for line in export(database, arguments.id):
            sys.stdout.write(line + "\n")
    return 0


async def erase_when_sure(arguments: argparse.Namespace, settings: Settings) -> int:
    async with stored(settings) as database:
        if arguments.yes:
            await erase(database, arguments.id)
            return 0
        for table, rows in (await count(database, arguments.id)).items():
            sys.stdout.write(f"{table}\t{rows}\n")
        sys.stderr.write("nothing was deleted: --yes deletes it, and it cannot be had again\n")
    return 0


def add_commands(commands: Commands) -> None:
    verbs = commands.add_parser("data", help="what is kept of one caller").add_subparsers(
        required=True, metavar="VERB"
    )
    command = verbs.add_parser("export", help="all of it, a JSON object a line")
    command.set_defaults(run=export_to_stdout)
    command.add_argument("id", help="of a key; an account has one, too")
    command = verbs.add_parser("delete", help="count it; with --yes, delete it and the key")
    command.set_defaults(run=erase_when_sure)
    command.add_argument("id", help="of a key; an account has one, too")
    command.add_argument("--yes", action="store_true", help="delete it")


COMMANDS.append(add_commands)
