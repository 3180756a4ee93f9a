"""Made-up usage of the last 30 days, to see the dashboard with something on it."""

import random
from datetime import timedelta
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError
from django.utils import timezone

from apps.ai.models import UsageRecord
from apps.dashboard.usage import DAYS

OPERATIONS = {"embeddings": 12.0, "classify": 25.0, "similar": 40.0}  # typical latency, ms


class Command(BaseCommand):
    help = "development: record made-up usage of the last 30 days"

    def handle(self, *_args: Any, **_options: Any) -> None:
        if not settings.DEBUG:
            raise CommandError("made-up usage takes APP_ENV=development")
        chance = random.Random(0)  # noqa: S311 - no secret
        now = timezone.now()
        records = []
        for day in range(DAYS):
            for _ in range(chance.randint(20, 60)):
                operation, latency = chance.choice(list(OPERATIONS.items()))
                records.append(
                    UsageRecord(
                        operation=operation,
                        model="demo",
                        input_tokens=chance.randint(5, 200),
                        output_tokens=0,
                        latency_ms=latency * chance.lognormvariate(0, 0.3),
                        status=500 if chance.random() < 0.02 else 200,
                        created_at=now - timedelta(days=day, seconds=chance.randrange(3600)),
                    )
                )
        UsageRecord.objects.bulk_create(records)
        self.stdout.write(f"{len(records)} records of made-up usage")
