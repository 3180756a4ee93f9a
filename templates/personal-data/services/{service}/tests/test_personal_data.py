import asyncio
import json
from collections.abc import Mapping
from itertools import count as numbers
from typing import Any

import pytest
from sqlalchemy import (
    JSON,
    Boolean,
    Date,
    Enum,
    Float,
    Integer,
    String,
    Table,
    func,
    insert,
    literal_column,
    select,
)

from app.__main__ import main
from app.database import Database
from app.keys import ApiKeys
from app.models import ApiKey, Base, UsageRecord, UtcDateTime, utcnow
from app.personal_data import OWNER, count, erase, export, of_caller

NUMBERS = numbers(1_000_000)  # beside the ids of rows that other tests made


def value(column: Any, rows: Mapping[Table, Mapping[str, Any]], key: ApiKey) -> Any:
    """Something that the column takes: of the parent's row, of the caller, or made up."""
    for reference in column.foreign_keys:
        parent = rows.get(reference.column.table, {"id": key.id})
        return parent[reference.column.name]
    if column.name == "owner":
        return key.name
    if column.name == "id" and not column.table.foreign_keys and isinstance(column.type, String):
        return f"{key.id}/{next(NUMBERS)}"
    match column.type:
        case Enum():
            return column.type.enums[0]
        case String():
            return f"made-up-{next(NUMBERS)}"[: column.type.length]
        case Boolean():
            return False
        case Integer() | Float():
            return next(NUMBERS)
        case JSON():
            return {}
        case Date():
            return utcnow().date()
        case UtcDateTime():
            return utcnow()
        case _:
            return literal_column("'[1]'")  # a vector, on each database


@pytest.fixture
async def kept(database: Database, keys: ApiKeys) -> tuple[str, str]:
    """The ids of two callers, of whom each table that keeps something of callers has one row."""
    names = (f"shop {next(NUMBERS)} {utcnow()}" for _ in range(2))
    ids = ["_".join((await keys.issue(name, ["inference"])).split("_")[:2]) for name in names]
    for key_id in ids:
        rows: dict[Table, Mapping[str, Any]] = {}
        async with database.session() as session:
            key = await session.get_one(ApiKey, key_id)
            for table in of_caller(key):
                row = {each.name: value(each, rows, key) for each in table.columns}
                await session.execute(insert(table).values(row))
                rows[table] = row
    return ids[0], ids[1]


async def rows_in_all(database: Database) -> Mapping[str, int]:
    async with database.reading() as session:
        return {
            table.name: await session.scalar(select(func.count()).select_from(table)) or 0
            for table in Base.metadata.sorted_tables
        }


def test_every_table_that_refers_to_a_caller_is_known() -> None:
    known = {table.name for table in of_caller(ApiKey(id="ak_any", name="any"))}
    for table in Base.metadata.sorted_tables:
        of_callers = known | {ApiKey.__tablename__}
        refers = {each.column.table.name for each in table.foreign_keys} & of_callers
        assert table.name in known or not (refers or "owner" in table.columns), table.name
    assert UsageRecord.__tablename__ in known


async def test_the_export_has_each_row_of_the_caller_and_of_no_other(
    database: Database, kept: tuple[str, str]
) -> None:
    mine, other = kept
    lines = [json.loads(line) async for line in export(database, mine)]
    assert {line["table"] for line in lines} == {
        ApiKey.__tablename__,
        *(await count(database, mine)),
    }
    for table in of_caller(ApiKey(id=mine, name="any")):
        (line,) = [each for each in lines if each["table"] == table.name]
        hidden = {each.name for each in table.columns} - line.keys()
        assert hidden <= {"digest", "password", "embedding"}, table.name
    text = json.dumps(lines)
    assert mine in text
    assert other not in text
    assert not {"digest", "password", "embedding"} & {name for line in lines for name in line}


async def test_nothing_of_a_deleted_caller_is_left_and_all_of_the_others(
    database: Database, kept: tuple[str, str]
) -> None:
    mine, other = kept
    before, others = await rows_in_all(database), await count(database, other)
    assert set((await count(database, mine)).values()) == {1}
    await erase(database, mine)
    assert await count(database, other) == others
    after = await rows_in_all(database)
    gone = {name: before[name] - after[name] for name in before if after[name] < before[name]}
    expected = {ApiKey.__tablename__, *others} - {UsageRecord.__tablename__}
    assert gone == dict.fromkeys(expected, 1)
    with pytest.raises(LookupError):
        await erase(database, mine)


async def test_what_belongs_to_a_name_goes_with_the_last_key_that_has_it(
    database: Database, keys: ApiKeys, kept: tuple[str, str]
) -> None:
    async with database.reading() as session:
        mine = await session.get_one(ApiKey, kept[0])
    owned = {table.name for table in of_caller(mine) if OWNER in table.columns}
    other = "_".join((await keys.issue(mine.name, ["inference"])).split("_")[:2])
    assert not owned & {*await count(database, mine.id)}
    before = await rows_in_all(database)
    await erase(database, mine.id)
    after = await rows_in_all(database)
    assert {name: after[name] for name in owned} == {name: before[name] for name in owned}
    assert owned <= {*await count(database, other)}


async def test_what_a_request_cost_is_kept_as_nobodys(
    database: Database, kept: tuple[str, str]
) -> None:
    nobodys = select(func.count()).select_from(UsageRecord).where(UsageRecord.key_id.is_(None))
    async with database.reading() as session:
        before = await session.scalar(nobodys) or 0
    await erase(database, kept[0])
    async with database.reading() as session:
        assert await session.scalar(nobodys) == before + 1


async def test_commands_export_count_and_delete(
    kept: tuple[str, str], capsys: pytest.CaptureFixture[str]
) -> None:
    async def said(*command: str) -> tuple[int, str, str]:
        capsys.readouterr()
        code = await asyncio.to_thread(main, ["data", *command])
        return code, *capsys.readouterr()

    mine, _ = kept
    code, exported, _ = await said("export", mine)
    assert (code, json.loads(exported.splitlines()[0])["id"]) == (0, mine)
    code, counted, warning = await said("delete", mine)
    assert (code, "usage_record\t1" in counted.splitlines()) == (0, True)
    assert "nothing was deleted" in warning
    assert await said("delete", mine, "--yes") == (0, "", "")
    for command in (["export", mine], ["delete", mine], ["delete", mine, "--yes"]):
        with pytest.raises(SystemExit, match=f"there is no caller {mine}"):
            await said(*command)
