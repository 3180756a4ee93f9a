"""What a developer needs to begin: each app's `seeds.seed()` stores it and says how to use it."""

from importlib import import_module
from typing import Any

from django.apps import apps
from django.conf import settings
from django.core.management.base import BaseCommand, CommandError
from django.utils.module_loading import module_has_submodule


class Command(BaseCommand):
    help = "store what .env names for development, and print where to use it"

    def handle(self, *_args: Any, **_options: Any) -> None:
        if not settings.DEBUG:
            raise CommandError("seeding takes APP_ENV=development")
        for config in apps.get_app_configs():
            if config.module is None or not module_has_submodule(config.module, "seeds"):
                continue
            if line := import_module(f"{config.name}.seeds").seed():
                self.stdout.write(line)
