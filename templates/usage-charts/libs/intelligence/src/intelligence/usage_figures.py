"""What recorded usage amounts to.

The database counts, whoever's it is: it groups its usage records and gives one `Figures` a group.
Here is what those groups mean, and what a report needs beyond them.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import date, timedelta

FIRST_ERROR = 400  # an HTTP status from here on is an error


@dataclass(frozen=True, slots=True)
class Figures:
    """The recorded requests of one group: a day, an operation, a caller.

    Attributes:
        errors: those of the requests whose status is `FIRST_ERROR` or above.
        latency_p50_ms: by nearest rank: the least latency that is not below half of the requests'.
            None without requests. So is `latency_p95_ms`, for 95 of 100.
        cost_nano: by `intelligence.prices`, of the requests whose model has a price; None without
            any.
        unpriced: the others.
    """

    requests: int = 0
    errors: int = 0
    input_tokens: int = 0
    output_tokens: int = 0
    latency_p50_ms: float | None = None
    latency_p95_ms: float | None = None
    cost_nano: int | None = None
    unpriced: int = 0

    @property
    def tokens(self) -> int:
        return self.input_tokens + self.output_tokens

    @property
    def error_rate(self) -> float:
        """0 to 1; 0 without requests."""
        return self.errors / self.requests if self.requests else 0.0


def days(last: date, count: int) -> list[date]:
    """`count` days in order, the last one included."""
    return [last - timedelta(days=ago) for ago in reversed(range(count))]


def busiest[G](figures: Iterable[tuple[G, Figures]]) -> Iterator[tuple[G, Figures, float]]:
    """Groups by their requests, most first, each with its share of the first's requests, 0 to 1."""
    ordered = sorted(figures, key=lambda pair: pair[1].requests, reverse=True)
    for group, each in ordered:
        yield group, each, each.requests / max(ordered[0][1].requests, 1)
