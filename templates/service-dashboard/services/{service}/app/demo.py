"""`python -m app.demo`: made-up usage for the dashboard, in development alone.

Its keys open nothing: they have no scope, and what they were made from is thrown away. Running it
again replaces what it made before and touches nothing else.
"""

import asyncio
import secrets
import sys

from sqlalchemy import delete, insert

from app.commands import opened
from app.keys import ApiKeys
from app.models import UsageRecord, utcnow
from app.settings import Settings
from app.stores import Entry
from intelligence.prices import Prices
from intelligence.usage_demo import DAYS, made_up

# id: name, share of the requests
KEYS = {
    "ak_demo_shop": ("Demo: web shop", 6),
    "ak_demo_support": ("Demo: support desk", 3),
    "ak_demo_search": ("Demo: nightly search index", 2),
}


async def fill(settings: Settings) -> int:
    """Returns how many requests were made up."""
    callers = {key_id: share for key_id, (_, share) in KEYS.items()}
    prices = Prices.read()
    rows = [
        Entry(usage, at).row(prices) | {"key_id": key_id}
        for at, key_id, usage in made_up(utcnow(), callers)
    ]
    async with opened(settings) as database:
        keys = ApiKeys(database, settings.secret_key)
        for key_id, (name, _) in KEYS.items():
            await keys.put(key_id, secrets.token_hex(), name, [])
        async with database.session() as session:
            await session.execute(delete(UsageRecord).where(UsageRecord.key_id.in_(KEYS)))
            await session.execute(insert(UsageRecord), rows)
    return len(rows)


def main() -> None:
    settings = Settings()
    if settings.app_env == "production":
        sys.exit("demo data is for APP_ENV=development")
    count = asyncio.run(fill(settings))
    sys.stdout.write(f"{count} made-up requests of the last {DAYS} days\n")


if __name__ == "__main__":
    main()
