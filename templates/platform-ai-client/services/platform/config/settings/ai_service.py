"""The AI service, and the key by which it knows the platform."""

from config.environment import settings_module, text

DEVELOPMENT_URL = "http://127.0.0.1:8000"

AI_SERVICE_URL = text(
    "AI_SERVICE_URL", DEVELOPMENT_URL if settings_module() == "config.settings.local" else ""
)
AI_SERVICE_KEY = text("AI_SERVICE_KEY")
