"""Making one ranking of several that were found in different ways."""

from collections import defaultdict
from collections.abc import Hashable, Sequence

K = 60
"""As in the paper: how much less a first place counts than it would alone."""


def fuse[Key: Hashable](*rankings: Sequence[Key]) -> list[Key]:
    """Reciprocal rank fusion, best first: places are compared, never scores of different kinds.

    Cormack, Clarke, Büttcher: Reciprocal Rank Fusion outperforms Condorcet and individual Rank
    Learning Methods, SIGIR 2009. What scores the same keeps the order in which it was first met.
    """
    scores: dict[Key, float] = defaultdict(float)
    for ranking in rankings:
        for rank, key in enumerate(ranking, start=1):
            scores[key] += 1 / (K + rank)
    return sorted(scores, key=lambda key: -scores[key])
