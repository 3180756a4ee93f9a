"""`DATABASE_URL` as an entry of Django's DATABASES."""

from pathlib import Path
from typing import Any

import dj_database_url

# WAL lets others read while one writes; a second writer waits for its turn. A transaction takes the
# write lock when it begins: a reader that comes to write would fail at once, not wait.
SQLITE = {
    "transaction_mode": "IMMEDIATE",
    "timeout": 5,  # seconds
    "init_command": "PRAGMA journal_mode=WAL; PRAGMA synchronous=NORMAL;",
}


def database(url: str, *, connections: int) -> dict[str, Any]:
    """One process holds at most so many connections to PostgreSQL, and keeps them open."""
    settings: dict[str, Any] = {**dj_database_url.parse(url)}
    engine = settings["ENGINE"]
    if engine == "django.db.backends.sqlite3":
        Path(settings["NAME"]).parent.mkdir(parents=True, exist_ok=True)
        settings["OPTIONS"] = SQLITE
    elif engine == "django.db.backends.postgresql":
        settings["OPTIONS"] = {"pool": {"min_size": 1, "max_size": connections}}
    return settings
