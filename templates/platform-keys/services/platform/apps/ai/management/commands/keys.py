"""Issue, list and revoke API keys."""

from datetime import timedelta
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.utils import timezone

from apps.ai import keys
from apps.ai.models import ApiKey


class Command(BaseCommand):
    help = "issue, list and revoke API keys"

    def add_arguments(self, parser: CommandParser) -> None:
        verbs = parser.add_subparsers(required=True, metavar="VERB")

        command = verbs.add_parser("issue", help="print a new key")
        command.add_argument("--name", required=True, help="who it is for")
        command.add_argument("--scope", required=True, action="append", help="such as inference")
        command.add_argument("--days", type=int, help="until it expires; default: never")
        command.set_defaults(run=self.issue)

        command = verbs.add_parser("list", help="all keys ever issued")
        command.set_defaults(run=self.list_all)

        command = verbs.add_parser("revoke", help="make a key useless at once")
        command.add_argument("id", help="what `list` shows, or the key up to its second underscore")
        command.set_defaults(run=self.revoke)

    def handle(self, *_args: Any, **options: Any) -> None:
        options["run"](options)

    def issue(self, options: dict[str, Any]) -> None:
        days = options["days"]
        expires_at = timezone.now() + timedelta(days=days) if days else None
        self.stdout.write(keys.issue(options["name"], options["scope"], expires_at))
        self.stderr.write("Shown this once; what is stored is a hash.")

    def list_all(self, _options: dict[str, Any]) -> None:
        now = timezone.now()
        for key in ApiKey.objects.order_by("created_at", "id"):
            state = "usable" if key.usable(now) else "revoked" if key.revoked_at else "expired"
            used = f"used {key.last_used_at:%Y-%m-%d %H:%M}" if key.last_used_at else "never used"
            self.stdout.write("\t".join((key.id, state, used, key.scopes, key.name)))

    def revoke(self, options: dict[str, Any]) -> None:
        if not keys.revoke(options["id"]):
            raise CommandError(f"there is no key {options['id']} to revoke")
