from typing import Any

from asgiref.sync import async_to_sync
from django.core.management.base import BaseCommand, CommandError, CommandParser

from apps.documents.indexing import reindex
from intelligence.errors import IntelligenceError


class Command(BaseCommand):
    help = "what is searched"

    def add_arguments(self, parser: CommandParser) -> None:
        verbs = parser.add_subparsers(required=True, metavar="VERB")
        verbs.add_parser("reindex", help="embed anew what another model embedded")

    def handle(self, *_args: Any, **_options: Any) -> None:
        try:
            done = async_to_sync(reindex)()
        except IntelligenceError as error:
            raise CommandError(
                f"stopped, and goes on from there when it is called again: {error}"
            ) from error
        self.stdout.write(f"{done} documents embedded anew")
