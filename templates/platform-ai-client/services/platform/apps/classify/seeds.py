from django.conf import settings


def seed() -> str:
    """Stores nothing; returns where the page is that asks the AI service."""
    return f"http://{settings.HOST}:{settings.PORT}/classify/  asks {settings.AI_SERVICE_URL}"
