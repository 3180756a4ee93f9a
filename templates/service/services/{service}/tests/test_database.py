import asyncio
import subprocess
import sys
from datetime import datetime, timedelta, timezone
from pathlib import Path
from subprocess import PIPE

import pytest
from sqlalchemy import create_engine, text
from sqlalchemy.exc import IntegrityError, StatementError

from app.database import Database
from app.models import ApiKey, UsageRecord
from app.settings import ROOT, async_url

WRITER = """
import asyncio, sys
from sqlalchemy import text
from app.database import Database
from app.settings import async_url

async def main() -> None:
    database = Database(async_url(sys.argv[1]))
    print("ready", flush=True)
    sys.stdin.readline()
    for _ in range(500):
        async with database.session() as session:
            n = await session.scalar(text("SELECT count(*) FROM line"))
            await session.execute(text("INSERT INTO line (after) VALUES (:n)"), {"n": n})
    await database.close()

asyncio.run(main())
"""


def test_two_processes_write_to_one_sqlite_file(tmp_path: Path) -> None:
    url = f"sqlite:///{tmp_path}/shared.sqlite3"
    engine = create_engine(url)
    with engine.begin() as connection:
        connection.execute(text("CREATE TABLE line (after INTEGER)"))
    writers = [
        subprocess.Popen(
            [sys.executable, "-c", WRITER, url], cwd=ROOT, stdin=PIPE, stdout=PIPE, stderr=PIPE
        )
        for _ in range(2)
    ]
    for writer in writers:
        assert writer.stdout is not None
        assert writer.stdout.readline() == b"ready\n"
    for writer in writers:  # so that they write at the same time
        assert writer.stdin is not None
        writer.stdin.write(b"go\n")
        writer.stdin.flush()
    errors = [writer.communicate(timeout=120)[1] for writer in writers]
    assert [writer.returncode for writer in writers] == [0, 0], b"".join(errors).decode()
    with engine.connect() as connection:
        # Each saw a count that no other saw: reading and writing are one transaction.
        assert connection.scalar(text("SELECT count(DISTINCT after) FROM line")) == 1000
    engine.dispose()


async def test_sqlite_pragmas_hold_on_every_connection(tmp_path: Path) -> None:
    database = Database(async_url(f"sqlite:///{tmp_path}/new/folder.sqlite3"))
    async with database.session() as session:
        values = [
            await session.scalar(text(f"PRAGMA {name}"))
            for name in ("journal_mode", "busy_timeout", "foreign_keys")
        ]
    await database.close()
    assert values == ["wal", 5000, 1]


async def test_who_reads_waits_for_no_writer(database: Database, key_id: str) -> None:
    one = {"id": key_id}
    async with database.session() as writer:
        await writer.execute(text("UPDATE api_key SET name = 'another' WHERE id = :id"), one)
        async with asyncio.timeout(2), database.reading() as reader:
            name = await reader.scalar(text("SELECT name FROM api_key WHERE id = :id"), one)
        assert name == "test"
        await database.ping()


async def test_usage_of_an_unknown_key_is_refused(database: Database) -> None:
    with pytest.raises(IntegrityError):
        async with database.session() as session:
            session.add(
                UsageRecord(
                    key_id="ak_nobody",
                    operation="embeddings",
                    model="m",
                    input_tokens=1,
                    output_tokens=0,
                    latency_ms=1.0,
                    status=200,
                )
            )


async def test_times_are_kept_in_utc_and_need_a_zone(database: Database) -> None:
    two_hours_east = timezone(timedelta(hours=2))
    noon = datetime(2026, 1, 1, 12, tzinfo=two_hours_east)
    row = ApiKey(id="ak_time", name="t", digest="t" * 64, scopes="", created_at=noon)
    async with database.session() as session:
        await session.merge(row)
    async with database.session() as session:
        stored = await session.get_one(ApiKey, "ak_time")
        assert stored.created_at == noon
        assert stored.created_at.utcoffset() == timedelta(0)
        stored.created_at = noon.replace(tzinfo=None)
        with pytest.raises(StatementError, match="without a zone"):
            await session.flush()
