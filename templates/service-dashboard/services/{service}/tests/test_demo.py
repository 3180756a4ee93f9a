from collections import Counter

import pytest
from sqlalchemy import select

from app import demo
from app.database import Database
from app.models import ApiKey, UsageRecord
from app.settings import Settings


async def stored(database: Database) -> Counter[str | None]:
    async with database.session() as session:
        return Counter(await session.scalars(select(UsageRecord.key_id)))


async def test_filling_twice_replaces_and_touches_nothing_else(
    settings: Settings, database: Database, key_id: str
) -> None:
    async with database.session() as session:
        record = UsageRecord(
            key_id=key_id,
            operation="embeddings",
            model="m",
            input_tokens=1,
            output_tokens=0,
            latency_ms=1.0,
            status=200,
        )
        session.add(record)
    before = await stored(database)
    for _ in range(2):
        count = await demo.fill(settings)
        made = await stored(database)
        assert sum(made[key] for key in demo.KEYS) == count > 1000
        assert all(made[key] == number for key, number in before.items() if key not in demo.KEYS)


async def test_its_keys_open_nothing(settings: Settings, database: Database) -> None:
    await demo.fill(settings)
    async with database.session() as session:
        found = list(await session.scalars(select(ApiKey).where(ApiKey.id.in_(demo.KEYS))))
    assert len(found) == len(demo.KEYS)
    assert {key.scopes for key in found} == {""}


def test_production_is_left_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("APP_ENV", "production")
    monkeypatch.setenv("SECRET_KEY", "x" * 32)
    monkeypatch.setattr(demo, "fill", lambda _: pytest.fail("it writes"))
    with pytest.raises(SystemExit, match="APP_ENV=development"):
        demo.main()


def test_the_command_says_what_it_did(capsys: pytest.CaptureFixture[str]) -> None:
    demo.main()
    assert "made-up requests of the last 90 days" in capsys.readouterr().out
