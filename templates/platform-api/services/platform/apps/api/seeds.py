"""What a developer needs to call the API."""

from django.conf import settings

from apps.ai import keys
from apps.api.auth import SCOPES


def seed() -> str:
    """Stores DEV_API_KEY; returns where to use it."""
    docs = f"http://{settings.HOST}:{settings.PORT}/docs"
    if not settings.DEV_API_KEY:
        return f"{docs}  API key: none, DEV_API_KEY is not set"
    keys.put("ak_development", settings.DEV_API_KEY, "development", SCOPES)
    return f"{docs}  API key: {settings.DEV_API_KEY}"
