from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from apps.recommendations.blocking import in_time, run
from apps.recommendations.stores import DjangoItems
from apps.vectors.indexing import started
from intelligence.api.recommendations import reindex
from intelligence.errors import IntelligenceError


class Command(BaseCommand):
    help = "what is recommended"

    def add_arguments(self, parser: CommandParser) -> None:
        verbs = parser.add_subparsers(required=True, metavar="VERB")
        verbs.add_parser("reindex", help="embed anew what another model embedded")

    def handle(self, *_args: Any, **_options: Any) -> None:
        try:
            with started() as engine:
                found = run(reindex(DjangoItems(), engine, in_time))
        except IntelligenceError as error:
            raise CommandError(
                f"stopped, and goes on from there when it is called again: {error}"
            ) from error
        self.stdout.write(f"{found.done} items embedded anew")
        if found.refused:
            self.stderr.write(f"too long for it, put them anew: {', '.join(found.refused)}")
