"""The emitted service without one of its parts, to see what that part costs: `variant.py without_key`.

Nothing is edited: a part is replaced before the service is put together.
"""

import logging
import os
import sys

from app import __main__, keys, stores
from intelligence.api import asking
from intelligence.engine import Engine
from intelligence.errors import Overloaded


def as_generated() -> None:
    """Nothing is replaced: what the others are held against, started as they are."""


def without_key() -> None:
    def require(scope: str):
        keys.SCOPES.add(scope)

        async def caller(request: keys.Request) -> keys.Caller:
            return keys.Caller(os.environ["BENCH_KEY_ID"], "bench", frozenset({scope}))

        return caller

    keys.require = require


def without_metering() -> None:
    async def record(sink: stores.SqlUsageSink, usage: object) -> None:
        """Writes nothing."""

    stores.SqlUsageSink.record = record


def without_access_log() -> None:
    logging.getLogger("app.access").disabled = True


def refusing() -> None:
    """As with a full queue; refusals are not held back, so that what one costs can be counted."""

    def admit(engine: Engine) -> None:
        raise Overloaded(f"{engine.max_queue} requests are waiting")

    Engine.admit = admit
    asking.Refusals.hold = lambda refusals, now: 0.0


if __name__ == "__main__":
    globals()[sys.argv[1]]()
    sys.exit(__main__.main(["serve"]))
