"""Made-up usage for the dashboard, in development alone.

Running it again replaces what it made before and touches nothing else.
"""

import math
import random
from collections.abc import Iterator, Mapping
from datetime import datetime, timedelta
from typing import Any, NamedTuple

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError
from django.db import transaction
from django.utils import timezone

from apps.ai.models import UsageRecord
from apps.dashboard import demo
from apps.dashboard.callers import COLUMN

DAYS = 90


class Usual(NamedTuple):
    """A usual request of an operation, and its share of all."""

    operation: str
    share: int
    tokens: int
    latency_ms: float


OPERATIONS = (
    Usual("embeddings", 5, 120, 9.0),
    Usual("similar", 3, 420, 24.0),
    Usual("classify", 2, 160, 15.0),
)


def made_up(now: datetime, callers: Mapping[Any, int]) -> Iterator[UsageRecord]:
    """Usage that grows, rests at weekends, and had one bad day; the same for the same `now`."""
    dice = random.Random(1)  # noqa: S311 - demo data
    bad_day = (now - timedelta(days=9)).date()
    for ago in range(DAYS):
        midnight = now.replace(hour=0, minute=0, second=0, microsecond=0) - timedelta(days=ago)
        weekday = 0.35 if midnight.weekday() >= 5 else 1.0
        bad = midnight.date() == bad_day
        for _ in range(round(110 * weekday * math.exp(-ago / 70) * dice.uniform(0.85, 1.15))):
            created_at = midnight + timedelta(hours=min(max(dice.gauss(13, 3.5), 0), 23.9))
            if created_at > now:
                continue
            [caller] = dice.choices(list(callers), list(callers.values()))
            [usual] = dice.choices(OPERATIONS, [each.share for each in OPERATIONS])
            yield UsageRecord(
                **{COLUMN: caller},
                operation=usual.operation,
                model="all-minilm-l6-v2-int8",
                input_tokens=round(usual.tokens * dice.lognormvariate(0, 0.4)),
                output_tokens=0,
                latency_ms=usual.latency_ms * dice.lognormvariate(0, 0.45) * (4 if bad else 1),
                status=500 if dice.random() < (0.12 if bad else 0.004) else 200,
                created_at=created_at,
            )


class Command(BaseCommand):
    help = f"development: make up usage of the last {DAYS} days; again: afresh"

    @transaction.atomic
    def handle(self, *_args: Any, **_options: Any) -> None:
        if not settings.DEBUG:
            raise CommandError("demo data is for APP_ENV=development")
        callers = demo.callers()
        UsageRecord.objects.filter(**{f"{COLUMN}__in": callers}).delete()
        made = UsageRecord.objects.bulk_create(made_up(timezone.now(), callers), batch_size=1000)
        self.stdout.write(f"{len(made)} made-up requests of the last {DAYS} days")
