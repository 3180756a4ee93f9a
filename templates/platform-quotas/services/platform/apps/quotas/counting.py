"""Counting what keys use, in the transaction that records the usage, and refusing what is too much.

What is left, and how long a process goes by what it has read, is `intelligence.api.quotas`.
"""

from datetime import UTC, datetime, time
from typing import Any

from django.db import transaction
from django.db.models import Case, Count, F, Q, Sum, Value, When
from django.db.models.functions import Coalesce
from django.utils import timezone

from apps.ai.models import ApiKey, UsageRecord
from apps.quotas.models import KeyQuota
from intelligence.api.quotas import Counts, Quotas, periods

quotas = Quotas()


def counts(key_id: str) -> Counts | None:
    """None: the key has no quota."""
    row = KeyQuota.objects.filter(pk=key_id).first()
    return row.counts() if row else None


def admit(key_id: str) -> None:
    """Raises QuotaExceeded."""
    if quotas.due(key_id):
        quotas.learn(key_id, counts(key_id))
    quotas.admit(key_id)


def count(instance: UsageRecord, *, created: bool, **_signal: Any) -> None:
    """For whatever saves a record of usage. What is written late, when a new month or day has
    begun, counts for that."""
    if not created or instance.key_id is None:
        return
    tokens = instance.input_tokens + instance.output_tokens
    month, day = periods(instance.created_at)
    KeyQuota.objects.filter(pk=instance.key_id).update(
        tokens=Case(When(month__gte=month, then=F("tokens")), default=0) + tokens,
        month=Case(When(month__gt=month, then=F("month")), default=Value(month)),
        requests=Case(When(day__gte=day, then=F("requests")), default=0) + 1,
        day=Case(When(day__gt=day, then=F("day")), default=Value(day)),
    )
    quotas.used(instance.key_id, tokens)


@transaction.atomic
def put(key_id: str, tokens: int | None, requests: int | None) -> bool:
    """In place of what was set; what was used of the month and day counts. False: no such key.

    Args:
        tokens: a month.
        requests: a day.
    """
    if not ApiKey.objects.select_for_update().filter(pk=key_id).exists():
        return False
    KeyQuota.objects.filter(pk=key_id).delete()
    if tokens is None and requests is None:
        return True
    month, day = periods(timezone.now())
    first = datetime.combine(month, time.min, UTC)
    used = UsageRecord.objects.filter(key=key_id, created_at__gte=first).aggregate(
        tokens=Coalesce(Sum(F("input_tokens") + F("output_tokens")), 0),
        requests=Count("pk", filter=Q(created_at__gte=datetime.combine(day, time.min, UTC))),
    )
    limits = {"tokens_a_month": tokens, "requests_a_day": requests}
    KeyQuota.objects.create(key_id=key_id, month=month, day=day, **limits, **used)
    return True
