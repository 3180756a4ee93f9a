"""How much an item is asked for, as one number that is right at any time.

What is asked for is the sum of its events' weights, each halved every `HALF_LIFE`. As all of them
decay alike, the order of items does not depend on when one looks: so the sum is kept as its
logarithm as of a fixed day, the item's *heat*, which an index can sort by and an event changes
without a look at the others. Late events are added as exactly as others, in any order.
"""

from collections.abc import Iterable, Mapping
from datetime import UTC, datetime, timedelta
from math import log2

import numpy as np

from intelligence.recommending.ports import Kind

HALF_LIFE = timedelta(days=7)
WEIGHTS: Mapping[Kind, float] = {"view": 1, "like": 3, "purchase": 5}

_DAY_0 = datetime(2020, 1, 1, tzinfo=UTC)


def heated(heat: float | None, deeds: Iterable[tuple[Kind, datetime]]) -> float | None:
    """The heat of an item with which these were done as well."""
    total = -np.inf if heat is None else heat
    for kind, at in deeds:
        total = np.logaddexp2(total, log2(WEIGHTS[kind]) + (at - _DAY_0) / HALF_LIFE)
    return None if np.isneginf(total) else float(total)


def demand(heat: float | None, now: datetime) -> float:
    """The decayed sum of weights; 0 if nobody did anything with it."""
    return 0.0 if heat is None else float(np.exp2(heat - (now - _DAY_0) / HALF_LIFE))
