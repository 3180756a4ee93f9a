"""Write the API contracts, or find out that they differ from the code."""

from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from apps.api.root import api
from intelligence.api import contracts


class Command(BaseCommand):
    help = "write the API contracts, a file a tag"

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("folder", type=Path)
        parser.add_argument(
            "--check", action="store_true", help="write nothing, fail on a difference"
        )

    def handle(self, *_args: Any, folder: Path, check: bool, **_options: Any) -> None:
        document = api.get_openapi_schema()
        if not check:
            contracts.write(document, folder)
        elif drifted := contracts.drift(document, folder):
            files = ", ".join(str(folder / name) for name in drifted)
            raise CommandError(f"the code says something else, `just contracts` writes it: {files}")
