"""What every `intelligence.measurements.ports.MeasurementStore` keeps."""

import math
import random
from collections.abc import Coroutine, Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any, Protocol

import pytest

from intelligence.measurements.anomalies import BASELINE
from intelligence.measurements.ports import Added, MeasurementStore
from intelligence.measurements.windows import LENGTHS, Measurement, Name, Window, start

NOON = datetime(2026, 3, 10, 12, tzinfo=UTC)
LATENESS = timedelta(seconds=60)
TEN, MINUTE, HOUR = LENGTHS.values()
ALWAYS = {"start": NOON - timedelta(days=9), "end": NOON + timedelta(days=9)}


class Clock:
    """Stands still until it is set."""

    def __init__(self) -> None:
        self.now = NOON

    def __call__(self) -> datetime:
        return self.now

    def after(self, **duration: float) -> None:
        self.now = NOON + timedelta(**duration)


class Kept(Protocol):
    """A store without measurements, and an event loop to ask it in."""

    @property
    def store(self) -> MeasurementStore:
        """By `clock`."""
        ...

    @property
    def clock(self) -> Clock: ...

    @property
    def keys(self) -> tuple[str, str]:
        """The ids of two API keys that are stored."""
        ...

    def __call__[R](self, work: Coroutine[Any, Any, R]) -> R:
        """Waits for a coroutine of the store's."""
        ...


def measured(number: int, value: float = 1.0, **changes: Any) -> Measurement:
    return replace(Measurement(f"m-{number}", "speed", "lane=1", value, NOON), **changes)


class Sender:
    """Asks a store on behalf of one key."""

    def __init__(self, kept: Kept, key_id: str) -> None:
        self.kept = kept
        self.key_id = key_id

    def add(self, *measurements: Measurement) -> Added:
        return self.kept(self.kept.store.add(self.key_id, measurements, LATENESS))

    def windows(self, length: timedelta = TEN, **changes: Any) -> Sequence[Window]:
        asked = {"dimensions": None, "limit": 100, **ALWAYS, **changes}
        return self.kept(self.kept.store.windows(self.key_id, "speed", length, **asked))

    def figures(self, length: timedelta = TEN) -> list[tuple[int, float, int]]:
        """Count, sum and late ones of each window."""
        return [(w.summary.count, w.summary.total, w.late) for w in self.windows(length)]


class MeasurementStoreContract:
    """Inherit it and give the fixture `kept`."""

    @pytest.fixture
    def kept(self) -> Kept:
        raise NotImplementedError("the class that inherits this says what is under test")

    @pytest.fixture
    def mine(self, kept: Kept) -> Sender:
        return Sender(kept, kept.keys[0])

    @pytest.fixture
    def theirs(self, kept: Kept) -> Sender:
        return Sender(kept, kept.keys[1])

    @pytest.mark.parametrize("length", [TEN, MINUTE, HOUR])
    def test_a_measurement_is_in_one_window_of_each_length(
        self, mine: Sender, length: timedelta
    ) -> None:
        added = mine.add(measured(1, 2.0), measured(2, 3.0))
        assert (added.accepted, added.duplicates, added.late) == (2, 0, 0)
        (window,) = mine.windows(length)
        assert window.name == Name("speed", "lane=1", length, NOON)
        assert window.closes_at == NOON + length + LATENESS
        assert (window.summary.least, window.summary.most) == (2.0, 3.0)
        assert window in added.changed
        assert len(added.changed) == 3

    def test_a_duplicate_counts_once_in_one_batch_and_in_the_next(self, mine: Sender) -> None:
        assert mine.add(measured(1, 2.0), measured(1, 5.0)).duplicates == 1
        again = mine.add(measured(1, 7.0), measured(2, 3.0))
        assert (again.accepted, again.duplicates) == (1, 1)
        assert mine.figures() == [(2, 5.0, 0)]

    def test_nothing_new_changes_nothing(self, mine: Sender) -> None:
        mine.add(measured(1))
        assert mine.add(measured(1)) == Added(0, 1, 0, [])

    def test_a_key_has_measurements_of_its_own(self, mine: Sender, theirs: Sender) -> None:
        mine.add(measured(1, 2.0))
        assert theirs.windows() == []
        assert theirs.add(measured(1, 3.0)).accepted == 1
        assert (mine.figures(), theirs.figures()) == ([(1, 2.0, 0)], [(1, 3.0, 0)])

    def test_what_is_late_is_counted_where_it_is_late_and_nowhere_else(
        self, kept: Kept, mine: Sender
    ) -> None:
        mine.add(measured(1, 2.0))
        kept.clock.after(seconds=70)
        late = mine.add(measured(2, 5.0))
        assert (late.accepted, late.late) == (1, 1)
        assert mine.figures(TEN) == [(1, 2.0, 1)]
        assert mine.figures(MINUTE) == [(2, 7.0, 0)]
        kept.clock.after(seconds=69.999)
        assert mine.add(measured(3)).late == 0

    def test_a_window_that_only_late_ones_came_for_is_there_and_told_to_nobody(
        self, kept: Kept, mine: Sender
    ) -> None:
        kept.clock.after(hours=2)
        assert mine.add(measured(1)).late == 1
        (window,) = mine.windows()
        assert (window.summary.count, window.late, window.closed) == (0, 1, True)
        assert math.isinf(window.summary.least)
        assert kept(kept.store.close(10)) == []

    def test_a_window_is_closed_once_and_stays_as_it_is(self, kept: Kept, mine: Sender) -> None:
        mine.add(measured(1, 2.0))
        kept.clock.after(seconds=69)
        assert kept(kept.store.close(10)) == []
        kept.clock.after(seconds=70)
        (closed,) = kept(kept.store.close(10))
        assert (closed.key_id, closed.before) == (mine.key_id, [])
        assert closed.window == mine.windows()[0]
        assert closed.window.closed
        assert kept(kept.store.close(10)) == []
        kept.clock.after(seconds=69)  # a clock that is set back opens nothing
        mine.add(measured(2, 5.0))
        assert mine.figures() == [(1, 2.0, 1)]

    def test_windows_close_in_parts_the_earliest_first(
        self, kept: Kept, mine: Sender, theirs: Sender
    ) -> None:
        for sender in (mine, theirs):
            sender.add(*[measured(n, occurred_at=NOON + n * TEN) for n in (1, 0, 2)])
        kept.clock.after(minutes=2)
        parts = [kept(kept.store.close(2)) for _ in range(5)]
        assert [len(part) for part in parts[:-1]].count(0) == 0
        assert parts[-1] == []
        of_mine = [each for part in parts for each in part if each.key_id == mine.key_id]
        tens = [each.window.name.start for each in of_mine if each.window.name.length == TEN]
        assert tens == [NOON, NOON + TEN, NOON + 2 * TEN]

    def test_a_closed_window_comes_with_those_before_it(self, kept: Kept, mine: Sender) -> None:
        times = [NOON - n * TEN for n in range(BASELINE + 3)]
        kept.clock.now = times[-1]
        for n, at in enumerate(times):
            mine.add(measured(n, n, occurred_at=at), measured(100 + n, 9, dimensions="lane=2"))
        kept.clock.after(seconds=70)
        closed = [
            each
            for each in kept(kept.store.close(100))
            if each.window.name == Name("speed", "lane=1", TEN, NOON)
        ]
        (last,) = closed
        values = [each.summary.total for each in last.before]
        assert values == [float(n) for n in range(BASELINE, 0, -1)]
        assert {each.name.dimensions for each in last.before} == {"lane=1"}

    def test_windows_are_found_by_time_and_series(self, mine: Sender) -> None:
        mine.add(
            measured(1, 1.0, occurred_at=NOON + TEN),
            measured(2, 2.0),
            measured(3, 3.0, dimensions=""),
            measured(4, 4.0, metric="speed.max"),
        )

        def found(**asked: Any) -> list[float]:
            return [each.summary.total for each in mine.windows(**asked)]

        assert found() == [3.0, 2.0, 1.0]
        assert found(dimensions="lane=1") == [2.0, 1.0]
        assert found(dimensions="") == [3.0]
        assert found(start=NOON + TEN) == [1.0]
        assert found(end=NOON + TEN) == [3.0, 2.0]
        assert found(limit=1) == [3.0]

    def test_neither_order_nor_batches_matter(self, mine: Sender, theirs: Sender) -> None:
        dice = random.Random(7)
        values = [dice.lognormvariate(0, 2) * dice.choice([1, -1]) for _ in range(60)]
        some = [
            measured(n, value, occurred_at=NOON + timedelta(seconds=dice.uniform(0, 30)))
            for n, value in enumerate(values)
        ]
        mine.add(*some)
        again = some + dice.sample(some, 20)
        dice.shuffle(again)
        while again:
            size = dice.randint(1, 9)
            theirs.add(*again[:size])
            again = again[size:]
        for length in (TEN, MINUTE):
            for one, other in zip(mine.windows(length), theirs.windows(length), strict=True):
                assert one.summary.total == pytest.approx(other.summary.total)
                total = one.summary.total
                assert one == replace(other, summary=replace(other.summary, total=total))

    def test_what_is_old_is_pruned_and_the_rest_stays(self, kept: Kept, mine: Sender) -> None:
        mine.add(measured(1, 1.0), measured(2, 2.0, occurred_at=NOON + HOUR))
        kept.clock.after(hours=1)
        mine.add(measured(3, 3.0, occurred_at=NOON + HOUR))
        # The first two measurements, the first shortest window, and no other.
        until = NOON + timedelta(minutes=1)
        assert kept(kept.store.prune(until, NOON)) == 3
        assert [len(mine.windows(length)) for length in LENGTHS.values()] == [1, 2, 2]
        assert mine.add(measured(3)).duplicates == 1
        assert kept(kept.store.prune(until, until)) == 2
        assert [len(mine.windows(length)) for length in LENGTHS.values()] == [1, 1, 1]

    def test_figures_survive_as_they_are(self, mine: Sender) -> None:
        values = [0.0, -1e15, 1e15, 1e-12, 0.1 + 0.2]
        added = mine.add(*[measured(n, value) for n, value in enumerate(values)])
        (kept,) = mine.windows()
        assert kept in added.changed
        assert sum(kept.summary.buckets.values()) == len(values)
        assert start(NOON, TEN) == kept.name.start
