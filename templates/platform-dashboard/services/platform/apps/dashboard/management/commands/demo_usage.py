"""Made-up usage for the dashboard, in development alone.

Running it again replaces what it made before and touches nothing else.
"""

from collections.abc import Iterator, Mapping
from datetime import datetime
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError
from django.db import transaction
from django.utils import timezone

from apps.ai.models import UsageRecord
from apps.ai.stores import PRICES
from apps.dashboard import demo
from apps.dashboard.callers import COLUMN
from intelligence.usage_demo import DAYS, made_up


def records(now: datetime, callers: Mapping[Any, int]) -> Iterator[UsageRecord]:
    for at, caller, usage in made_up(now, callers):
        tokens = usage.input_tokens, usage.output_tokens
        yield UsageRecord(
            operation=usage.operation,
            model=usage.model,
            input_tokens=usage.input_tokens,
            output_tokens=usage.output_tokens,
            latency_ms=usage.latency_ms,
            status=usage.status,
            cost_nano=PRICES.cost(usage.model, *tokens, at.date()),
            created_at=at,
            **{COLUMN: caller},
        )


class Command(BaseCommand):
    help = f"development: make up usage of the last {DAYS} days; again: afresh"

    @transaction.atomic
    def handle(self, *_args: Any, **_options: Any) -> None:
        if not settings.DEBUG:
            raise CommandError("demo data is for APP_ENV=development")
        callers = demo.callers()
        UsageRecord.objects.filter(**{f"{COLUMN}__in": callers}).delete()
        made = UsageRecord.objects.bulk_create(records(timezone.now(), callers), batch_size=1000)
        self.stdout.write(f"{len(made)} made-up requests of the last {DAYS} days")
