"""How much an API key may use."""

from argparse import ArgumentTypeError
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from apps.quotas.counting import put


def limit(value: str) -> int:
    if not value.isdecimal():
        raise ArgumentTypeError("takes a number from 0")
    return int(value)


class Command(BaseCommand):
    help = "set how much an API key may use; an option that is left out lifts its limit"

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("id", help="the key up to its second underscore, as `keys list` shows")
        parser.add_argument("--tokens-a-month", type=limit)
        parser.add_argument("--requests-a-day", type=limit)

    def handle(self, *_args: Any, **options: Any) -> None:
        if not put(options["id"], options["tokens_a_month"], options["requests_a_day"]):
            raise CommandError(f"there is no key {options['id']}")
