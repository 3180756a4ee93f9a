"""How many values are how large, in buckets that grow with the values: DDSketch (Masson, Rim and
Lee, VLDB 2019, https://arxiv.org/abs/1908.10693).

A quantile is off by at most 1 % of its value. Two sketches are merged by adding their counts, so
that neither order nor grouping changes what comes out. All values fit into 5,531 buckets, so that a
sketch stays small whatever is sent.
"""

import math
from collections.abc import Iterable, Mapping

ACCURACY = 0.01
GROWTH = (1 + ACCURACY) / (1 - ACCURACY)
LEAST = 1e-9  # what is nearer to zero counts as zero
MOST = 1e15  # callers send nothing that is larger

type Buckets = Mapping[int, int]
"""Counts by bucket: 0 is zero, negative ones hold negative values, and their order is theirs."""


def bucket(value: float) -> int:
    size = abs(value)
    if size < LEAST:
        return 0
    index = 1 + math.ceil(math.log(size / LEAST) / math.log(GROWTH))
    return index if value > 0 else -index


def counted(values: Iterable[float]) -> Buckets:
    counts: dict[int, int] = {}
    for value in values:
        index = bucket(value)
        counts[index] = counts.get(index, 0) + 1
    return counts


def merged(one: Buckets, other: Buckets) -> Buckets:
    return {index: one.get(index, 0) + other.get(index, 0) for index in one.keys() | other.keys()}


def quantile(buckets: Buckets, share: float) -> float:
    """The value that `share` of all values do not exceed, 0 < share <= 1 (nearest rank).

    There must be a value.
    """
    rank = math.ceil(share * sum(buckets.values()))
    for index in sorted(buckets):
        rank -= buckets[index]
        if rank <= 0:
            return _middle(index)
    raise ValueError("there is no value")


def _middle(index: int) -> float:
    """What is off by the same share from either end of the bucket."""
    if index == 0:
        return 0.0
    value = LEAST * GROWTH ** (abs(index) - 1) * 2 / (GROWTH + 1)
    return math.copysign(value, index)
