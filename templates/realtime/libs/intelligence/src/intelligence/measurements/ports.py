"""What is handed to a service to keep, and comes back."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Protocol

from intelligence.measurements.windows import Measurement, Window


@dataclass(frozen=True, slots=True)
class Added:
    """What became of measurements.

    Attributes:
        accepted: how many were new, late ones included.
        duplicates: how many were known.
        late: how many came too late for their shortest window.
        changed: windows, as they are now.
    """

    accepted: int
    duplicates: int
    late: int
    changed: Sequence[Window]


@dataclass(frozen=True, slots=True)
class Closed:
    """A window that was closed, and those of the same series and length before it, by time."""

    key_id: str
    window: Window
    before: Sequence[Window]


class MeasurementStore(Protocol):
    """Measurements and their windows, each of one API key: for others they are not there.

    Whoever changes windows of a key holds that key until it is committed, in whatever process: so
    what is counted is counted once, and what is closed stays as it is.
    `intelligence.testing.measurement_store` says what every store keeps.
    """

    async def add(
        self, key_id: str, measurements: Sequence[Measurement], lateness: timedelta
    ) -> Added:
        """Keeps all of them, counted in their windows, or none; returns when that is durable."""
        ...

    async def windows(
        self,
        key_id: str,
        metric: str,
        length: timedelta,
        *,
        start: datetime,
        end: datetime,
        dimensions: str | None,
        limit: int,
    ) -> Sequence[Window]:
        """At most `limit` windows that begin in [start, end), by time.

        Args:
            dimensions: of the series; None: of all series of the metric.
        """
        ...

    async def close(self, limit: int) -> Sequence[Closed]:
        """Closes at most about `limit` windows whose time has come. Of several processes that
        close, one gets a window."""
        ...

    async def prune(self, measurements_until: datetime, windows_until: datetime) -> int:
        """Deletes measurements that came, and shortest windows that began, before the first of
        these, and other windows that began before the second; how many rows that were."""
        ...
