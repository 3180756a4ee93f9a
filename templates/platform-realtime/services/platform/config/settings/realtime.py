"""How long windows take measurements, how many may watch them, and what is kept for how long."""

from datetime import timedelta

from django.core.exceptions import ImproperlyConfigured

from config.environment import number, text

ALLOWED_LATENESS = timedelta(seconds=number("ALLOWED_LATENESS", 60, least=0))
LIVE_STREAMS = number("LIVE_STREAMS", 1000)  # that may be open in one process
MEASUREMENT_DAYS = number("MEASUREMENT_DAYS", 7)
WINDOW_DAYS = number("WINDOW_DAYS", 400)
if WINDOW_DAYS < MEASUREMENT_DAYS:
    raise ImproperlyConfigured("WINDOW_DAYS cannot be less than MEASUREMENT_DAYS")

REDIS_URL = text("REDIS_URL")
serving = number("WEB_CONCURRENCY", 1) * number("REPLICAS", 1)
if serving > 1 and not REDIS_URL and text("APP_ENV", "production") == "production":
    raise ImproperlyConfigured(
        f"{serving} processes tell each other what is live by Redis: set REDIS_URL, or "
        "WEB_CONCURRENCY and REPLICAS to 1"
    )
