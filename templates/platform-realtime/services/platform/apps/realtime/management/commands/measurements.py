from datetime import timedelta
from typing import Any

from asgiref.sync import async_to_sync
from django.conf import settings
from django.core.management.base import BaseCommand, CommandParser
from django.utils import timezone

from apps.realtime.stores import DjangoMeasurements


class Command(BaseCommand):
    help = "what was sent"

    def add_arguments(self, parser: CommandParser) -> None:
        verbs = parser.add_subparsers(required=True, metavar="VERB")
        verbs.add_parser("prune", help="delete what is older than MEASUREMENT_DAYS and WINDOW_DAYS")

    def handle(self, *_args: Any, **_options: Any) -> None:
        now = timezone.now()
        gone = async_to_sync(DjangoMeasurements().prune)(
            now - timedelta(days=settings.MEASUREMENT_DAYS),
            now - timedelta(days=settings.WINDOW_DAYS),
        )
        self.stdout.write(f"{gone} rows deleted")
