import logging

import pytest
from django.utils import timezone

from apps.accounts.models import User
from apps.ai.models import UsageRecord
from apps.ai.stores import keep


def usage(user_id: int | None, model: str = "m") -> UsageRecord:
    return UsageRecord(
        user_id=user_id,
        operation="classify",
        model=model,
        input_tokens=7,
        output_tokens=0,
        latency_ms=1.5,
        status=200,
    )


@pytest.mark.django_db
def test_each_call_is_kept_by_itself_with_its_time() -> None:
    before = timezone.now()
    user = User.objects.create_user("ada@example.com")
    for each in (user.pk, None, user.pk):
        keep(usage(each))
    assert [each.user for each in UsageRecord.objects.order_by("pk")] == [user, None, user]
    assert before <= UsageRecord.objects.latest("pk").created_at <= timezone.now()


@pytest.mark.django_db
def test_a_call_costs_what_its_model_does_and_without_a_price_nobody_knows_what() -> None:
    keep(usage(None, "all-minilm-l6-v2-int8"))
    keep(usage(None))
    assert [each.cost_nano for each in UsageRecord.objects.order_by("pk")] == [0, None]


@pytest.mark.django_db
def test_usage_outlives_its_user() -> None:
    user = User.objects.create_user("ada@example.com")
    keep(usage(user.pk))
    user.delete()
    kept = UsageRecord.objects.get()
    assert (kept.user, kept.input_tokens) == (None, 7)


# A foreign key is checked at the end of a transaction, and the record's must end.
@pytest.mark.django_db(transaction=True)
def test_a_failure_is_logged_and_does_not_fail_the_request(
    caplog: pytest.LogCaptureFixture,
) -> None:
    with caplog.at_level(logging.ERROR):
        keep(usage(404))
    assert "'input_tokens': 7" in caplog.text
    assert not UsageRecord.objects.exists()
