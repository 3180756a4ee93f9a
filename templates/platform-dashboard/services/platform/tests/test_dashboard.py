from datetime import UTC, date, datetime, timedelta
from xml.etree import ElementTree

import pytest
from django.contrib.auth.models import Permission
from django.core.management import CommandError, call_command
from django.test import Client
from pytest_django import DjangoAssertNumQueries, Settings

from apps.accounts.models import User
from apps.ai.models import ApiKey, UsageRecord
from apps.dashboard.charts import HEIGHT, WIDTH, bar_chart
from apps.dashboard.usage import Figures, usage

TODAY = date(2026, 3, 31)


def record(day: date, hour: int = 12, **changes: object) -> UsageRecord:
    fields: dict[str, object] = {
        "operation": "embeddings",
        "model": "m",
        "input_tokens": 10,
        "output_tokens": 1,
        "latency_ms": 5.0,
        "status": 200,
        "created_at": datetime(day.year, day.month, day.day, hour, tzinfo=UTC),
    }
    return UsageRecord.objects.create(**fields | changes)


@pytest.mark.django_db
def test_figures_are_by_day_operation_and_key() -> None:
    ApiKey.objects.create(id="ak_1", name="Ada", digest="0" * 64, scopes="inference")
    record(TODAY, key_id="ak_1")
    record(TODAY, latency_ms=15.0, status=500, operation="classify")
    record(TODAY - timedelta(days=2), hour=23)
    shown = usage(TODAY, days=3)
    assert shown.days == [
        Figures("2026-03-29", 1, 11, 5.0, 0),
        Figures("2026-03-30"),
        Figures("2026-03-31", 2, 22, 10.0, 1),
    ]
    assert [(each.label, each.requests) for each in shown.operations] == [
        ("embeddings", 2),
        ("classify", 1),
    ]
    assert [(each.label, each.requests) for each in shown.keys] == [
        ("without a key", 2),
        ("ak_1", 1),
    ]
    assert shown.total == Figures("3 days", 3, 33, 25 / 3, 1)


@pytest.mark.django_db
def test_days_begin_and_end_at_midnight_utc() -> None:
    record(TODAY - timedelta(days=2), hour=23)
    record(TODAY - timedelta(days=1), hour=0)
    record(TODAY, hour=23)
    record(TODAY + timedelta(days=1), hour=0)
    assert [day.requests for day in usage(TODAY, days=2).days] == [1, 1]


@pytest.mark.django_db
@pytest.mark.parametrize("count", [1, 40])
def test_more_usage_costs_no_more_queries(
    count: int, django_assert_num_queries: DjangoAssertNumQueries
) -> None:
    for index in range(count):
        record(TODAY, operation=f"operation-{index}")
    with django_assert_num_queries(3):
        assert len(usage(TODAY).operations) == min(count, 10)


def test_the_highest_bar_fills_the_plot_and_nothing_leaves_it() -> None:
    chart = bar_chart("Tokens", ["a", "b", "c"], [0, 5, 20])
    assert [float(bar.height) for bar in chart.bars] == [0, HEIGHT / 4, HEIGHT]
    for bar in chart.bars:
        assert float(bar.y) + float(bar.height) == pytest.approx(HEIGHT)
        assert 0 <= float(bar.x) <= WIDTH - float(bar.width)
    assert (chart.first, chart.last, chart.highest) == ("a", "c", "20")


def test_no_usage_is_a_flat_line() -> None:
    chart = bar_chart("Latency", ["a", "b"], [0, 0], "ms")
    assert {bar.height for bar in chart.bars} == {"0.0"}
    assert chart.highest == "0.0 ms"


@pytest.mark.django_db
def test_the_start_page_draws_a_bar_for_each_day(admin_client: Client) -> None:
    UsageRecord.objects.all().delete()
    record(datetime.now(UTC).date(), input_tokens=1233, hour=0)
    page = admin_client.get("/admin/").content.decode()
    charts = [ElementTree.fromstring(f"<svg{each}</svg>") for each in svgs(page)]
    assert [len(chart.findall(".//rect")) for chart in charts] == [30, 30, 30, 30]
    requests, tokens, latency, errors = (chart.findall(".//rect")[-1] for chart in charts)
    assert {each.get("height") for each in (requests, tokens, latency)} == {f"{HEIGHT:.1f}"}
    assert errors.get("height") == "0.0"
    assert (tokens.findtext("title") or "").endswith(": 1,234")


def svgs(page: str) -> list[str]:
    return [each.split("</svg>")[0] for each in page.split('<svg viewBox="0 0 600 150"')[1:]]


def test_usage_is_for_those_who_may_see_it(client: Client, db: None) -> None:
    user = User.objects.create_user("ada@example.com", is_staff=True)
    client.force_login(user)
    assert "AI usage" not in client.get("/admin/").content.decode()
    user.user_permissions.add(Permission.objects.get(codename="view_usagerecord"))
    assert "Nothing was used yet." in client.get("/admin/").content.decode()


@pytest.mark.django_db
def test_made_up_usage_is_for_development(settings: Settings) -> None:
    with pytest.raises(CommandError, match="development"):
        call_command("demo_usage")
    settings.DEBUG = True
    call_command("demo_usage")
    shown = usage(datetime.now(UTC).date())
    assert shown.total.requests >= 29 * 20
    assert shown.total.errors > 0
    assert len(shown.operations) == 3
