"""Made-up usage, for a dashboard in development that nobody has asked anything yet."""

import math
import random
from collections.abc import Iterator, Mapping
from datetime import datetime, timedelta

from intelligence.usage import Usage
from intelligence.usual import operations

DAYS = 90


def made_up[C](now: datetime, callers: Mapping[C, int]) -> Iterator[tuple[datetime, C, Usage]]:
    """Usage in the `DAYS` until `now`, each with its time and whose it is.

    `callers` have shares of the requests. The usage grows, rests at weekends, and had one bad day;
    it is the same for the same arguments.
    """
    dice = random.Random(1)  # noqa: S311 - demo data
    usuals = operations()
    bad_day = (now - timedelta(days=9)).date()
    for ago in range(DAYS):
        midnight = now.replace(hour=0, minute=0, second=0, microsecond=0) - timedelta(days=ago)
        weekday = 0.35 if midnight.weekday() >= 5 else 1.0
        bad = midnight.date() == bad_day
        for _ in range(round(110 * weekday * math.exp(-ago / 70) * dice.uniform(0.85, 1.15))):
            at = midnight + timedelta(hours=min(max(dice.gauss(13, 3.5), 0), 23.9))
            if at > now:
                continue
            [caller] = dice.choices(list(callers), list(callers.values()))
            [usual] = dice.choices(usuals, [each.share for each in usuals])
            usage = Usage(
                key_id=None,
                operation=usual.operation,
                model=usual.model,
                input_tokens=round(usual.read * dice.lognormvariate(0, 0.4)),
                output_tokens=round(usual.written * dice.lognormvariate(0, 0.4)),
                latency_ms=usual.latency_ms * dice.lognormvariate(0, 0.45) * (4 if bad else 1),
                status=500 if dice.random() < (0.12 if bad else 0.004) else 200,
            )
            yield at, caller, usage
