"""What a developer needs to call the API."""

from django.conf import settings
from django.core.management.base import CommandError

from apps.ai import keys


def seed() -> str:
    """Stores DEV_API_KEY; returns where to use it."""
    if not settings.DEV_API_KEY:
        raise CommandError("seeding takes a DEV_API_KEY")
    keys.put("ak_development", settings.DEV_API_KEY, "development", ["inference"])
    return f"http://{settings.HOST}:{settings.PORT}/docs  API key: {settings.DEV_API_KEY}"
