"""Made-up usage for the dashboard, in development alone.

Its keys open nothing: they have no scope, and their digests are of nothing. Running it again
replaces what it made before and touches nothing else.
"""

import secrets
from dataclasses import asdict
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError
from django.db import transaction
from django.utils import timezone

from apps.ai.models import ApiKey, UsageRecord
from intelligence.usage_demo import DAYS, KEYS, made_up


class Command(BaseCommand):
    help = f"development: make up usage of the last {DAYS} days; again: afresh"

    @transaction.atomic
    def handle(self, *_args: Any, **_options: Any) -> None:
        if not settings.DEBUG:
            raise CommandError("demo data is for APP_ENV=development")
        for key_id, (name, _) in KEYS.items():
            shown = {"name": name, "digest": secrets.token_hex(32)}
            ApiKey.objects.update_or_create(id=key_id, defaults=shown)
        UsageRecord.objects.filter(key_id__in=KEYS).delete()
        rows = (UsageRecord(**asdict(each), created_at=at) for at, each in made_up(timezone.now()))
        made = UsageRecord.objects.bulk_create(rows, batch_size=1000)
        self.stdout.write(f"{len(made)} made-up requests of the last {DAYS} days")
