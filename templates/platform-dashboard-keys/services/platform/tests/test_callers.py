"""API keys on the dashboard."""

from collections.abc import Callable
from datetime import UTC, datetime

import pytest
from django.core.management import call_command
from django.test import Client
from pytest_django import Settings

from apps.ai.models import ApiKey, UsageRecord
from apps.dashboard.usage import MOST_CALLERS, report

pytestmark = pytest.mark.django_db

NOON = datetime(2026, 3, 31, 12, tzinfo=UTC)


def test_keys_have_their_names_and_the_busiest_come_first(
    ask: Callable[..., UsageRecord],
) -> None:
    for number in range(MOST_CALLERS + 1):
        for _ in range(number + 2):
            ask(number, created_at=NOON)
    ask(0, created_at=NOON, key=None)
    _, (heading, rows, more) = report(NOON.date())["tables"]
    assert (heading, len(rows), more) == ("API key", MOST_CALLERS, 2)
    assert [(row.name, row.detail) for row in rows[:2]] == [
        ("Caller 10", "ak_10"),
        ("Caller 9", "ak_9"),
    ]


def test_usage_without_a_key_is_shown(ask: Callable[..., UsageRecord]) -> None:
    ask(1, created_at=NOON, key=None)
    _, (_, [row], _) = report(NOON.date())["tables"]
    assert (row.name, row.detail) == ("none", "")


def test_a_keys_name_is_text_and_no_markup(
    admin_client: Client, ask: Callable[..., UsageRecord]
) -> None:
    ask(1)
    ApiKey.objects.update(name="<script>alert(1)</script>")
    page = admin_client.get("/admin/").content.decode()
    assert "&lt;script&gt;alert(1)" in page
    assert "<script>alert(1)" not in page


def test_made_up_keys_open_nothing(settings: Settings) -> None:
    settings.DEBUG = True
    for _ in range(2):
        call_command("demo_usage")
    assert UsageRecord.objects.exclude(key__name__startswith="Demo").count() == 0
    assert set(ApiKey.objects.values_list("scopes", flat=True)) == {""}
    assert ApiKey.objects.count() == 3
