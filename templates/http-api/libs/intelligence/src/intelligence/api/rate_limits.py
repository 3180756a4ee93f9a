"""How many requests an API key may send: a token bucket for each.

A bucket holds a minute's worth and fills evenly, so that a key may spend at once what it saved.
Buckets are in memory: each process counts for itself. There are so many of them at most, the
latest used.
"""

from collections import OrderedDict
from collections.abc import Callable
from math import ceil
from threading import Lock
from time import monotonic

from intelligence.errors import IntelligenceError

MINUTE = 60.0  # seconds


class RateLimited(IntelligenceError):  # noqa: N818 - what happened, as in `intelligence.errors`
    """The key has spent what it may. Nothing was computed.

    Attributes:
        retry_after: whole seconds until one more request is let in.
    """

    def __init__(self, per_minute: int, retry_after: int) -> None:
        super().__init__(f"more than {per_minute} requests a minute with this API key")
        self.retry_after = retry_after


class RateLimits:
    """May be shared by threads.

    Args:
        per_minute: how many requests; 0: any number.
        clock: seconds, which only grow.
        most: how many buckets are kept.
    """

    def __init__(
        self, per_minute: int, clock: Callable[[], float] = monotonic, most: int = 100_000
    ) -> None:
        self.per_minute = per_minute
        self._clock = clock
        self._most = most
        # What was left, and when; the latest used comes last.
        self._buckets: OrderedDict[str, tuple[float, float]] = OrderedDict()
        self._lock = Lock()

    def take(self, key_id: str) -> None:
        """Counts one request. Raises RateLimited."""
        if not self.per_minute:
            return
        with self._lock:
            now = self._clock()
            left, since = self._buckets.get(key_id, (self.per_minute, now))
            left = min(self.per_minute, left + (now - since) * self.per_minute / MINUTE)
            if left < 1:
                wait = (1 - left) * MINUTE / self.per_minute
                raise RateLimited(self.per_minute, ceil(wait))
            self._buckets[key_id] = left - 1, now
            self._buckets.move_to_end(key_id)
            if len(self._buckets) > self._most:
                self._buckets.popitem(last=False)
