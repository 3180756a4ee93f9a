"""Tests. Nothing need be set: type checkers import these settings, too."""

from config.database import database
from config.environment import text
from config.settings.base import *  # noqa: F403
from config.settings.base import ROOT, THREADS

SECRET_KEY = "for-tests-alone"  # noqa: S105
ALLOWED_HOSTS = ["testserver"]
DATABASES = {
    "default": database(
        text("TEST_DATABASE_URL", f"sqlite:///{ROOT}/var/test.sqlite3"), connections=THREADS
    )
}
# Argon2 is slow by design, and these passwords guard nothing.
PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]
# Static files as they lie in the apps: nothing is collected for tests.
WHITENOISE_AUTOREFRESH = True
if DATABASES["default"]["ENGINE"] == "django.db.backends.sqlite3":
    # A file: what is in memory has other locks, and is out of reach for other processes.
    DATABASES["default"]["TEST"] = {"NAME": DATABASES["default"]["NAME"]}
