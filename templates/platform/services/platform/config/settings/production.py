"""Production, behind a proxy that ends TLS and sets `X-Forwarded-Proto` itself.

What is unsafe is refused at start, with what to do about it.
"""

from django.core.exceptions import ImproperlyConfigured

from config.environment import text
from config.settings.base import *  # noqa: F403
from config.settings.base import DATABASES, REPLICAS, WEB_CONCURRENCY

MIN_SECRET_LENGTH = 32
UNSET_SECRET = "change-me"  # noqa: S105 - what .env.example holds

SECRET_KEY = text("SECRET_KEY", UNSET_SECRET)
if SECRET_KEY == UNSET_SECRET or len(SECRET_KEY) < MIN_SECRET_LENGTH:
    raise ImproperlyConfigured(
        f"SECRET_KEY needs at least {MIN_SECRET_LENGTH} random characters, for example of "
        "`openssl rand -hex 32`; only APP_ENV=development does without"
    )

ALLOWED_HOSTS = [host.strip() for host in text("ALLOWED_HOSTS").split(",") if host.strip()]
if not ALLOWED_HOSTS:
    raise ImproperlyConfigured(
        "ALLOWED_HOSTS must name the hosts that this is reached by, such as app.example.com"
    )

PROCESSES = WEB_CONCURRENCY * REPLICAS
if PROCESSES > 1 and DATABASES["default"]["ENGINE"] == "django.db.backends.sqlite3":
    raise ImproperlyConfigured(
        f"SQLite serves one process, not {PROCESSES}: point DATABASE_URL at PostgreSQL, "
        "or set WEB_CONCURRENCY and REPLICAS to 1"
    )

SECURE_PROXY_SSL_HEADER = ("HTTP_X_FORWARDED_PROTO", "https")
SECURE_SSL_REDIRECT = True
SECURE_HSTS_SECONDS = 31_536_000
SECURE_HSTS_INCLUDE_SUBDOMAINS = True
SECURE_HSTS_PRELOAD = True

# The prefix keeps other hosts of the domain from setting them.
SESSION_COOKIE_NAME = "__Host-session"
SESSION_COOKIE_SECURE = True
CSRF_COOKIE_NAME = "__Host-csrf"
CSRF_COOKIE_SECURE = True

STORAGES = {
    "default": {"BACKEND": "django.core.files.storage.FileSystemStorage"},
    "staticfiles": {"BACKEND": "whitenoise.storage.CompressedManifestStaticFilesStorage"},
}
