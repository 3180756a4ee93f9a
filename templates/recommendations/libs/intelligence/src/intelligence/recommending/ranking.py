"""From what a subject did to what they may like next.

A subject's profile is a few items with weights: the sum of what was done with each, as far as it
has not faded. A candidate's *content* is its cosine with the item of the profile that speaks most
for it, times that item's weight; so two interests stay two, where the mean of their vectors would
lie between them. It is blended with the candidate's *popularity*. Nothing here asks a clock or a
die: the same events give the same list.
"""

from collections import defaultdict
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import islice
from math import log1p
from operator import itemgetter
from typing import Literal

import numpy as np

from intelligence.ports import Vector
from intelligence.recommending.popularity import WEIGHTS, demand
from intelligence.recommending.ports import Candidate, Past

HISTORY = 200
"""Events of a subject that are looked back on. What they are about is not recommended again."""

ANCHORS = 5
"""Items in a profile; each is a search for its neighbours."""

FADING = timedelta(days=14)
"""After which an event says half as much of its subject."""

POPULARITY = 0.2
"""The share of popularity in a score; the rest is content's."""

ENOUGH = 10.0
"""The demand below which even the most popular item is not quite that: little says little."""

type Reason = Literal["similar", "popular", "new"]


@dataclass(frozen=True, slots=True)
class Profile:
    """What a subject's recent events say.

    Attributes:
        weights: of the items that say most, by id, strongest first, the first is 1.
        seen: ids of all items that the events are about.
    """

    weights: Mapping[str, float]
    seen: Collection[str]

    @classmethod
    def of(cls, history: Iterable[Past], now: datetime) -> "Profile":
        sums: dict[str, float] = defaultdict(float)
        for past in history:
            age = max(now - past.at, timedelta())  # the sender's clock may be ahead
            sums[past.item_id] += WEIGHTS[past.kind] * 2 ** -(age / FADING)
        strongest = sorted(sums, key=lambda each: (-sums[each], each))[:ANCHORS]
        return cls({each: sums[each] / sums[strongest[0]] for each in strongest}, sums.keys())


@dataclass(frozen=True, slots=True)
class Recommended:
    """An item, and why.

    Attributes:
        like: id of the item of the profile that it is similar to; None for another reason.
    """

    id: str
    title: str
    reason: Reason
    like: str | None = None


def blended(
    profile: Profile,
    vectors: Mapping[str, Vector],
    candidates: Iterable[Candidate],
    now: datetime,
    limit: int,
) -> list[Recommended]:
    """The best candidates for a profile, best first; equal ones by id.

    Args:
        vectors: of at least one of the profile's items, by id.
        candidates: each at most twice, none of what was seen.
    """
    among = {each.id: each for each in candidates}
    demands = {each.id: log1p(demand(each.heat, now)) for each in among.values()}
    most = max((log1p(ENOUGH), *demands.values()))
    anchors = [each for each in profile.weights if each in vectors]
    weights = np.array([profile.weights[each] for each in anchors], np.float32)
    interests = np.stack([vectors[each] for each in anchors]) * weights[:, None]
    scored = []
    for each in among.values():
        contents = interests @ each.vector
        nearest = int(np.argmax(contents))
        content = (1 - POPULARITY) * float(contents[nearest])
        popularity = POPULARITY * demands[each.id] / most
        if content >= popularity:
            why = Recommended(each.id, each.title, "similar", anchors[nearest])
        else:
            why = Recommended(each.id, each.title, "popular")
        # Rounded, so that sums in another order make no difference of what is equal.
        scored.append((-round(content + popularity, 5), each.id, why))
    return [recommended for *_, recommended in sorted(scored, key=itemgetter(0, 1))[:limit]]


def for_a_stranger(
    popular: Sequence[Candidate], newest: Sequence[Candidate], limit: int
) -> list[Recommended]:
    """Where nothing is known of a subject: two that are popular, one that is new, and so on.

    Where either has no more the other goes on.
    """
    hot, fresh = iter(popular), iter(newest)
    chosen: dict[str, Recommended] = {}

    def some(of: Iterator[Candidate], count: int, reason: Reason) -> None:
        unchosen = (each for each in of if each.id not in chosen)
        for each in islice(unchosen, min(count, limit - len(chosen))):
            chosen[each.id] = Recommended(each.id, each.title, reason)

    before = -1
    while before < len(chosen) < limit:
        before = len(chosen)
        some(hot, 2, "popular")
        some(fresh, 1, "new")
    return [*chosen.values()]
