import re
from collections.abc import AsyncGenerator
from datetime import UTC, date, datetime, timedelta

import httpx2
import pytest
from sqlalchemy import delete

from app.admin import CONTENT_SECURITY_POLICY
from app.dashboard import MOST_KEYS, report
from app.database import Database
from app.keys import ApiKeys
from app.models import UsageRecord, utcnow
from intelligence.usage_figures import Figures

TODAY = date(2026, 3, 10)


@pytest.fixture(autouse=True)
async def nothing_used(database: Database) -> AsyncGenerator[None]:
    async with database.session() as session:
        await session.execute(delete(UsageRecord))
    yield
    async with database.session() as session:
        await session.execute(delete(UsageRecord))


@pytest.fixture
async def staff(client: httpx2.AsyncClient, keys: ApiKeys) -> httpx2.AsyncClient:
    key = await keys.issue("Ada", ["admin"])
    await client.post("/admin/login", data={"key": key})
    return client


def used(
    key_id: str | None,
    at: datetime,
    latency_ms: float,
    *,
    operation: str = "embeddings",
    tokens: tuple[int, int] = (10, 0),
    status: int = 200,
    cost_nano: int | None = None,
) -> UsageRecord:
    return UsageRecord(
        key_id=key_id,
        operation=operation,
        model="length",
        input_tokens=tokens[0],
        output_tokens=tokens[1],
        latency_ms=latency_ms,
        status=status,
        created_at=at,
        cost_nano=cost_nano,
    )


async def store(database: Database, *rows: UsageRecord) -> None:
    async with database.session() as session:
        session.add_all(rows)


async def test_every_figure_of_known_rows(database: Database, key_id: str) -> None:
    noon = datetime(2026, 3, 9, 12, tzinfo=UTC)
    last_moment = datetime(2026, 3, 9, 23, 59, 59, 999000, tzinfo=UTC)
    await store(
        database,
        *(used(key_id, noon, float(latency)) for latency in range(1, 21)),
        used(key_id, last_moment, 100.0, operation="similar", tokens=(500, 7), status=500),
        used(None, last_moment + timedelta(milliseconds=1), 3.5, operation="similar"),
        used(key_id, datetime(2026, 3, 4, tzinfo=UTC), 8.0, status=400),
        used(key_id, datetime(2026, 3, 3, 23, 59, 59, tzinfo=UTC), 9999.0),
    )
    shown = await report(database, TODAY, 7)
    # 23 latencies: the 12th and the 22nd of them in order.
    assert shown["total"] == Figures(23, 2, 720, 7, 10.0, 20.0, unpriced=23)
    operations, by_key = ({row.name: row for row in rows} for _, rows, _ in shown["tables"])
    assert operations["embeddings"].figures == Figures(21, 1, 210, 0, 10.0, 19.0, unpriced=21)
    assert operations["similar"].figures == Figures(2, 1, 510, 7, 3.5, 100.0, unpriced=2)
    assert by_key["test"].figures == Figures(22, 2, 710, 7, 10.0, 20.0, unpriced=22)
    assert by_key["test"].detail == key_id
    assert by_key["none"].figures == Figures(1, 0, 10, 0, 3.5, 3.5, unpriced=1)

    requests, tokens, latency = (chart["svg"] for chart in shown["charts"])
    assert "Mon 9 Mar 2026\nSuccessful: 20\nErrors: 1<" in requests
    assert "Tue 10 Mar 2026\nSuccessful: 1\nErrors: 0<" in requests
    assert "Wed 4 Mar 2026\nSuccessful: 0\nErrors: 1<" in requests
    assert "Thu 5 Mar 2026\nSuccessful: 0\nErrors: 0<" in requests
    assert requests.count("<title>") == 7
    assert "Mon 9 Mar 2026\nInput: 700\nOutput: 7<" in tokens
    assert "Mon 9 Mar 2026\nMedian: 11 ms\n95th percentile: 20 ms<" in latency
    assert "Thu 5 Mar 2026<" in latency


async def test_what_has_no_price_is_counted_and_not_taken_for_free(
    staff: httpx2.AsyncClient, database: Database, key_id: str
) -> None:
    now = utcnow()
    await store(database, used(key_id, now, 1.0, cost_nano=1_500_000_000), used(key_id, now, 1.0))
    total = (await report(database, now.date(), 7))["total"]
    assert (total.cost_nano, total.unpriced) == (1_500_000_000, 1)
    page = await staff.get("/admin/dashboard")
    assert "1.50 EUR" in page.text
    assert "1 requests without a price" in page.text


async def test_the_busiest_keys_are_shown_and_the_rest_is_counted(
    database: Database, keys: ApiKeys
) -> None:
    at = datetime(2026, 3, 9, tzinfo=UTC)
    for number in range(MOST_KEYS + 2):
        await keys.put(f"ak_busy_{number}", f"busy {number}", f"Key {number}", [])
        rows = [used(f"ak_busy_{number}", at, 1.0) for _ in range(number + 1)]
        await store(database, *rows)
    _, rows, more = (await report(database, TODAY, 7))["tables"][1]
    assert [row.name for row in rows] == [f"Key {number}" for number in range(11, 1, -1)]
    assert more == 2


async def test_it_is_the_start_page(staff: httpx2.AsyncClient) -> None:
    start = await staff.get("/admin/", follow_redirects=True)
    assert (start.url.path, start.status_code) == ("/admin/dashboard", 200)


async def test_an_unused_service_says_so(staff: httpx2.AsyncClient) -> None:
    page = await staff.get("/admin/dashboard")
    assert "Nothing was asked in these 30 days." in page.text
    assert "<svg" not in page.text


@pytest.mark.parametrize(
    ("query", "shown"),
    [("", 30), ("?days=7", 7), ("?days=90", 90), ("?days=8", 30), ("?days=x", 30)],
)
async def test_the_period_is_one_of_those_offered(
    staff: httpx2.AsyncClient, database: Database, key_id: str, query: str, shown: int
) -> None:
    await store(database, used(key_id, utcnow(), 1.0))
    page = await staff.get(f"/admin/dashboard{query}")
    assert re.findall(r'aria-current="page">(\d+) days', page.text) == [str(shown)]
    assert page.text.count("<title>") == 1 + 3 * shown


async def test_names_are_escaped_and_the_policy_needs_nothing_inline(
    staff: httpx2.AsyncClient, database: Database, keys: ApiKeys
) -> None:
    await keys.put("ak_hostile", "hostile", "<script>alert(1)</script>", [])
    await store(database, used("ak_hostile", utcnow(), 12.5, operation="<b>bold</b>"))
    page = await staff.get("/admin/dashboard")
    assert page.headers["content-security-policy"] == CONTENT_SECURITY_POLICY
    assert "&lt;script&gt;alert(1)" in page.text
    assert "<b>bold" not in page.text
    assert not re.search(r"<script(?![^>]* src=)|<style|\sstyle=|\son\w+=", page.text)
    assert not re.search(r"(?:https?:)?//(?!test/)", page.text)
