"""Tumbling windows: what a measurement changes, until when, and what several come to.

A window belongs to one series, which is a metric with its dimensions, and has one of three lengths;
each measurement falls into one window of each. Time is the measurement's own. A window takes what
comes until `lateness` after its end by the clock of whoever takes it: the watermark is that clock
less `lateness`, and needs no state that processes would have to share. Then it is closed, its
figures stay as they are, and what still comes for it is counted as late.

The figures of a window are the same in whatever order and batches measurements come, the sum but
for the rounding of floating-point numbers.
"""

import math
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta

from intelligence.measurements import sketch
from intelligence.measurements.sketch import Buckets

LENGTHS = {"10s": timedelta(seconds=10), "1m": timedelta(minutes=1), "1h": timedelta(hours=1)}
SHORTEST = min(LENGTHS.values())
EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


@dataclass(frozen=True, slots=True)
class Measurement:
    """A value at a time.

    Attributes:
        id: whoever sends it chooses it; a second one of the same id is the same measurement.
        dimensions: as `canonical` writes them.
        occurred_at: in UTC.
    """

    id: str
    metric: str
    dimensions: str
    value: float
    occurred_at: datetime


@dataclass(frozen=True, slots=True)
class Name:
    """Which window of a caller's this is.

    Attributes:
        start: a multiple of the length since 1970, in UTC.
    """

    metric: str
    dimensions: str
    length: timedelta
    start: datetime

    @property
    def end(self) -> datetime:
        return self.start + self.length


@dataclass(frozen=True, slots=True)
class Summary:
    """What values come to. Of none, `least` and `most` are infinite."""

    count: int
    total: float
    least: float
    most: float
    buckets: Buckets

    @classmethod
    def of(cls, values: Sequence[float]) -> "Summary":
        least, most = min(values, default=math.inf), max(values, default=-math.inf)
        return cls(len(values), math.fsum(values), least, most, sketch.counted(values))

    def merged(self, other: "Summary") -> "Summary":
        return Summary(
            self.count + other.count,
            self.total + other.total,
            min(self.least, other.least),
            max(self.most, other.most),
            sketch.merged(self.buckets, other.buckets),
        )

    @property
    def mean(self) -> float:
        return self.total / self.count

    @property
    def p95(self) -> float:
        """Off by at most 1 % of itself, and never beyond what was measured."""
        return min(max(sketch.quantile(self.buckets, 0.95), self.least), self.most)


EMPTY = Summary.of(())


@dataclass(frozen=True, slots=True)
class Window:
    """Attributes:
    closes_at: from then on nothing changes but `late`.
    late: measurements that came after that.
    closed: whoever closes windows has come to this one.
    """

    name: Name
    closes_at: datetime
    summary: Summary = EMPTY
    late: int = 0
    closed: bool = False

    def takes(self, now: datetime) -> bool:
        return not self.closed and now < self.closes_at


def canonical(dimensions: Mapping[str, str]) -> str:
    """`host=a,region=eu`, by name, so that one series has one spelling."""
    return ",".join(f"{name}={value}" for name, value in sorted(dimensions.items()))


def parsed(dimensions: str) -> dict[str, str]:
    """The inverse of `canonical`."""
    return dict(each.split("=", 1) for each in dimensions.split(",") if each)


def start(at: datetime, length: timedelta) -> datetime:
    """Of the window of this length that `at` falls into."""
    return at - (at - EPOCH) % length


def names(measurement: Measurement) -> Iterable[Name]:
    """Of the windows that it falls into, one a length."""
    for length in LENGTHS.values():
        begins = start(measurement.occurred_at, length)
        yield Name(measurement.metric, measurement.dimensions, length, begins)


def distinct(measurements: Iterable[Measurement], known: Iterable[str]) -> Sequence[Measurement]:
    """Without those whose id is known, and of several of one id the first."""
    seen = set(known)
    first = []
    for each in measurements:
        if each.id not in seen:
            seen.add(each.id)
            first.append(each)
    return first


def is_late(measurement: Measurement, now: datetime, lateness: timedelta) -> bool:
    """That it came too late for its shortest window, and so perhaps for longer ones."""
    return start(measurement.occurred_at, SHORTEST) + SHORTEST + lateness <= now


def taken(
    measurements: Iterable[Measurement],
    windows: Mapping[Name, Window],
    *,
    now: datetime,
    lateness: timedelta,
) -> Sequence[Window]:
    """The windows that these measurements change, as they are afterwards.

    Args:
        windows: those of them that there are already.
        now: no window may have been closed after it.
    """
    values = defaultdict[Name, list[float]](list)
    for each in measurements:
        for name in names(each):
            values[name].append(each.value)
    changed = []
    for name, some in values.items():
        window = windows.get(name)
        if window is None:
            closes_at = name.end + lateness
            # What nobody has seen open, nobody need be told of its end.
            window = Window(name, closes_at, closed=closes_at <= now)
        if window.takes(now):
            changed.append(replace(window, summary=window.summary.merged(Summary.of(some))))
        else:
            changed.append(replace(window, late=window.late + len(some)))
    return changed


def across(windows: Iterable[Window]) -> Sequence[Window]:
    """Windows of one time made one, whatever their dimensions; by time."""
    together: dict[datetime, Window] = {}
    for each in windows:
        other = together.get(each.name.start)
        if other is not None:
            each = replace(
                each,
                name=replace(each.name, dimensions=""),
                closes_at=max(each.closes_at, other.closes_at),
                summary=each.summary.merged(other.summary),
                late=each.late + other.late,
                closed=each.closed and other.closed,
            )
        together[each.name.start] = each
    return [together[at] for at in sorted(together)]
