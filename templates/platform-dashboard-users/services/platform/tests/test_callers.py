"""Users on the dashboard."""

from collections.abc import Callable
from datetime import UTC, datetime

import pytest
from django.core.management import call_command
from django.test import Client
from pytest_django import Settings

from apps.accounts.models import User
from apps.ai.models import UsageRecord
from apps.dashboard.usage import MOST_CALLERS, report

pytestmark = pytest.mark.django_db

NOON = datetime(2026, 3, 31, 12, tzinfo=UTC)


def test_users_have_their_addresses_and_the_busiest_come_first(
    ask: Callable[..., UsageRecord],
) -> None:
    for number in range(MOST_CALLERS + 2):
        for _ in range(number + 1):
            ask(number, created_at=NOON)
    _, (heading, rows, more) = report(NOON.date())["tables"]
    assert (heading, len(rows), more) == ("User", MOST_CALLERS, 2)
    assert [(row.name, row.detail) for row in rows[:2]] == [
        ("user-11@example.com", ""),
        ("user-10@example.com", ""),
    ]


def test_the_usage_of_deleted_users_is_shown_together(ask: Callable[..., UsageRecord]) -> None:
    for number in (1, 2):
        ask(number, created_at=NOON)
    User.objects.all().delete()
    _, (_, [row], _) = report(NOON.date())["tables"]
    assert (row.name, row.figures.requests) == ("deleted since", 2)


def test_an_address_is_text_and_no_markup(
    admin_client: Client, ask: Callable[..., UsageRecord]
) -> None:
    ask(1, user=User.objects.create_user('"<script>alert(1)"@example.com'))
    page = admin_client.get("/admin/").content.decode()
    assert "&lt;script&gt;alert(1)" in page
    assert "<script>alert(1)" not in page


def test_nobody_logs_in_as_a_made_up_user(settings: Settings) -> None:
    settings.DEBUG = True
    call_command("demo_usage")
    made_up = User.objects.filter(email__endswith="@demo.invalid")
    made_up.update(is_active=True, password="")
    call_command("demo_usage")
    assert UsageRecord.objects.exclude(user__in=made_up).count() == 0
    assert len(made_up) == 3
    assert not any(each.is_active or each.has_usable_password() for each in made_up)
