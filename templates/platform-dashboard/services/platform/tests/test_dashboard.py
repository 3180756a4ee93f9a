import re
from collections.abc import Callable, Iterator
from datetime import UTC, date, datetime, timedelta
from xml.etree import ElementTree

import pytest
from django.contrib.auth.models import Permission
from django.core.management import CommandError, call_command
from django.db.models import F, Value
from django.db.models.functions import TruncDate
from django.test import Client
from pytest_django import DjangoAssertNumQueries, Settings

from apps.accounts.models import User
from apps.ai.models import UsageRecord
from apps.dashboard.callers import COLUMN
from apps.dashboard.templatetags.dashboard import milliseconds, percent
from apps.dashboard.usage import figures, report
from intelligence.usage_charts import BLUE, RED
from intelligence.usage_figures import Figures

TODAY = date(2026, 3, 31)
BEGINNING = datetime(2026, 3, 1, tzinfo=UTC)


def at(day: date, hour: float = 12) -> datetime:
    return datetime(day.year, day.month, day.day, tzinfo=UTC) + timedelta(hours=hour)


NOON = at(TODAY)


def record(created_at: datetime = NOON, **changes: object) -> UsageRecord:
    fields: dict[str, object] = {
        "operation": "embeddings",
        "model": "m",
        "input_tokens": 10,
        "output_tokens": 1,
        "latency_ms": 5.0,
        "status": 200,
        "created_at": created_at,
    }
    return UsageRecord.objects.create(**fields | changes)


@pytest.mark.django_db
def test_figures_are_of_each_group() -> None:
    record(latency_ms=5.0)
    record(latency_ms=15.0, status=400)
    record(latency_ms=10.0, status=399)
    record(operation="classify", input_tokens=7, latency_ms=2.0)
    assert figures(F("operation"), BEGINNING) == {
        "embeddings": Figures(3, 1, 30, 3, 10.0, 15.0, unpriced=3),
        "classify": Figures(1, 0, 7, 1, 2.0, 2.0, unpriced=1),
    }
    assert figures(Value(1), at(TODAY, 13)) == {}


@pytest.mark.django_db
def test_what_has_no_price_is_counted_and_not_taken_for_free(admin_client: Client) -> None:
    now = datetime.now(UTC)
    record(now, cost_nano=1_500_000_000)
    record(now)
    total = report(now.date())["total"]
    assert (total.cost_nano, total.unpriced) == (1_500_000_000, 1)
    page = admin_client.get("/admin/").content.decode()
    assert "1.50 EUR" in page
    assert "1 requests without a price" in page


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("count", "p50", "p95"), [(1, 1, 1), (2, 1, 2), (19, 10, 19), (20, 10, 19), (40, 20, 38)]
)
def test_percentiles_are_by_nearest_rank(count: int, p50: float, p95: float) -> None:
    for latency in reversed(range(count)):
        record(latency_ms=latency + 1)
    found = figures(Value(1), BEGINNING)[1]
    assert (found.requests, found.latency_p50_ms, found.latency_p95_ms) == (count, p50, p95)


@pytest.mark.django_db
def test_days_begin_at_midnight_utc() -> None:
    yesterday = TODAY - timedelta(days=1)
    record(at(yesterday, 23.999))
    record(at(TODAY, 0))
    record(at(TODAY, 23.999))
    by_day = figures(TruncDate("created_at", tzinfo=UTC), BEGINNING)
    assert {day: each.requests for day, each in by_day.items()} == {yesterday: 1, TODAY: 2}
    assert report(TODAY, 1)["total"].requests == 2


@pytest.mark.django_db
@pytest.mark.parametrize("count", [1, 40])
def test_more_usage_costs_no_more_queries(
    count: int, ask: Callable[..., UsageRecord], django_assert_num_queries: DjangoAssertNumQueries
) -> None:
    for number in range(count):
        ask(number, operation=f"operation-{number}", created_at=NOON)
    with django_assert_num_queries(5):
        assert len(report(TODAY)["tables"][0][1]) == count


def drawn(page: str) -> Iterator[ElementTree.Element]:
    for each in re.findall(r"<svg viewBox.*?</svg>", page, re.DOTALL):
        yield ElementTree.fromstring(each)


def coloured(chart: ElementTree.Element, colour: str) -> int:
    return sum(each.get("fill") == colour for each in chart.iter())


@pytest.mark.parametrize(("asked", "days"), [("", 30), ("?days=7", 7), ("?days=8", 30)])
def test_the_start_page_draws_the_days_asked_for(
    admin_client: Client, asked: str, days: int
) -> None:
    today = datetime.now(UTC).date()
    record(at(today, 0), input_tokens=1233)
    record(at(today - timedelta(days=6), 0), status=500)
    record(at(today - timedelta(days=days), 0))
    page = admin_client.get(f"/admin/{asked}").content.decode()
    requests, _tokens, _latency = drawn(page)
    assert (coloured(requests, BLUE), coloured(requests, RED)) == (1, 1)
    assert len(requests.findall(".//title")) == days
    assert "1,245" in page
    assert "50.0 %" in page


def test_usage_is_for_those_who_may_see_it(client: Client, db: None) -> None:
    user = User.objects.create_user("ada@example.com", is_staff=True)
    client.force_login(user)
    assert "AI usage" not in client.get("/admin/").content.decode()
    user.user_permissions.add(Permission.objects.get(codename="view_usagerecord"))
    assert "Nothing was asked in these 30 days." in client.get("/admin/").content.decode()


def test_numbers_are_short_and_say_when_there_is_none() -> None:
    assert [milliseconds(each) for each in (None, 9.96, 10.4, 1234.5)] == [
        "–",  # noqa: RUF001
        "10.0 ms",
        "10 ms",
        "1,234 ms",
    ]
    assert percent(0.0125) == "1.2 %"


@pytest.mark.django_db
def test_made_up_usage_is_for_development_and_replaces_only_itself(settings: Settings) -> None:
    with pytest.raises(CommandError, match="development"):
        call_command("demo_usage")
    settings.DEBUG = True
    kept = record()
    for _ in range(2):
        call_command("demo_usage")
    shown = report(datetime.now(UTC).date(), 90)
    assert 1000 < shown["total"].requests < 10000
    assert shown["total"].errors
    assert UsageRecord.objects.filter(**{COLUMN: None}).get() == kept
