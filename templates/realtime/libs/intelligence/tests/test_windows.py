"""Windows: what holds for any measurements, by many that are made up."""

import math
import random
from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from intelligence.measurements import sketch, windows
from intelligence.measurements.columns import columns, window
from intelligence.measurements.windows import (
    EMPTY,
    LENGTHS,
    Measurement,
    Name,
    Summary,
    Window,
    across,
    canonical,
    distinct,
    is_late,
    names,
    parsed,
    start,
    taken,
)

NOON = datetime(2026, 3, 10, 12, tzinfo=UTC)
LATENESS = timedelta(seconds=60)
TEN, MINUTE, HOUR = LENGTHS.values()
TRIALS = range(25)


def made_up(dice: random.Random, many: int) -> list[Measurement]:
    return [
        Measurement(
            f"m-{number}",
            dice.choice(["speed", "height"]),
            dice.choice(["", "lane=1", "lane=2"]),
            dice.choice([0.0, 1e-12, dice.gauss(0, 5), dice.lognormvariate(0, 9), -(10**15)]),
            NOON + timedelta(seconds=dice.uniform(-90, 90)),
        )
        for number in range(many)
    ]


def absorbed(batches: Sequence[Sequence[Measurement]], now: datetime = NOON) -> dict[Name, Window]:
    """As a store would."""
    found: dict[Name, Window] = {}
    known: list[str] = []
    for batch in batches:
        new = distinct(batch, known)
        known += [each.id for each in new]
        for each in taken(new, found, now=now, lateness=LATENESS):
            found[each.name] = each
    return found


def alike(one: Window, other: Window) -> bool:
    total = one.summary.total
    assert total == pytest.approx(other.summary.total)
    return one == replace(other, summary=replace(other.summary, total=total))


@pytest.mark.parametrize("trial", TRIALS)
def test_neither_order_nor_batches_nor_duplicates_matter(trial: int) -> None:
    dice = random.Random(trial)
    some = made_up(dice, 80)
    again = some + dice.choices(some, k=40)
    dice.shuffle(again)
    batches = []
    while again:
        size = dice.randint(1, 30)
        batches.append(again[:size])
        again = again[size:]
    one, other = absorbed([some]), absorbed(batches)
    assert one.keys() == other.keys()
    assert all(alike(each, other[name]) for name, each in one.items())


@pytest.mark.parametrize("trial", TRIALS)
def test_each_measurement_is_in_one_window_of_each_length_counted_or_late(trial: int) -> None:
    dice = random.Random(trial)
    some = made_up(dice, 50)
    found = absorbed([some])
    for length in LENGTHS.values():
        of_length = [each for each in found.values() if each.name.length == length]
        assert sum(each.summary.count + each.late for each in of_length) == len(some)
    late = [each for each in some if is_late(each, NOON, LATENESS)]
    shortest = [each for each in found.values() if each.name.length == TEN]
    assert sum(each.late for each in shortest) == len(late) > 0


@pytest.mark.parametrize("trial", TRIALS)
def test_merging_is_associative_and_what_all_values_come_to(trial: int) -> None:
    dice = random.Random(trial)
    values = [each.value for each in made_up(dice, 60)]
    a, b, c = (Summary.of(values[n::3]) for n in range(3))
    left, right = a.merged(b).merged(c), a.merged(b.merged(c))
    for one, other in ((left, right), (left, c.merged(a).merged(b)), (left, Summary.of(values))):
        assert one.total == pytest.approx(other.total)
        assert one == replace(other, total=one.total)
    assert a.merged(EMPTY) == EMPTY.merged(a) == a


@pytest.mark.parametrize("trial", TRIALS)
def test_a_quantile_is_off_by_one_percent_at_most(trial: int) -> None:
    dice = random.Random(trial)
    values = sorted(dice.choice([1, -1]) * dice.lognormvariate(0, 8) for _ in range(199))
    summary = Summary.of(values)
    exact = values[math.ceil(0.95 * len(values)) - 1]
    assert summary.p95 == pytest.approx(exact, rel=0.01)
    lowest = sketch.quantile(summary.buckets, 0.005)
    assert lowest == pytest.approx(values[0], rel=0.0101)


def test_a_quantile_never_leaves_what_was_measured() -> None:
    assert Summary.of([7.0]).p95 == 7.0
    assert Summary.of([0.0, 1e-12]).p95 == 0.0
    with pytest.raises(ValueError, match="no value"):
        sketch.quantile({}, 0.5)


def test_a_sketch_stays_small_whatever_comes() -> None:
    largest = sketch.bucket(sketch.MOST)
    assert 2 * largest + 1 == 5531
    assert sketch.bucket(-sketch.MOST) == -largest
    assert [sketch.bucket(each) for each in (1e-9, 1e-10, 0.0, -1e-9)] == [1, 0, 0, -1]


@pytest.mark.parametrize(
    ("at", "begins"),
    [
        ("2026-03-10T12:00:09.999999+00:00", "2026-03-10T12:00:00+00:00"),
        ("2026-03-10T12:00:10+00:00", "2026-03-10T12:00:10+00:00"),
        ("1969-12-31T23:59:55+00:00", "1969-12-31T23:59:50+00:00"),
    ],
)
def test_windows_begin_at_full_multiples(at: str, begins: str) -> None:
    assert start(datetime.fromisoformat(at), TEN) == datetime.fromisoformat(begins)


def test_a_window_takes_until_lateness_after_its_end_and_not_longer() -> None:
    one = Measurement("a", "speed", "", 1.0, NOON)
    closes_at = NOON + TEN + LATENESS
    just = closes_at - timedelta(microseconds=1)
    (open_one, *_) = taken([one], {}, now=NOON, lateness=LATENESS)
    for now, counted in ((just, 2), (closes_at, 1)):
        (again, *_) = taken(
            [replace(one, id="b")], {open_one.name: open_one}, now=now, lateness=LATENESS
        )
        assert (again.summary.count, again.late) == (counted, 2 - counted)
        assert is_late(one, now, LATENESS) == (counted == 1)
    closed = replace(open_one, closed=True)
    (again, *_) = taken([one], {closed.name: closed}, now=NOON, lateness=LATENESS)
    assert (again.summary, again.late) == (open_one.summary, 1)


def test_windows_of_one_time_are_made_one() -> None:
    some = [
        Measurement("a", "speed", "lane=1", 1.0, NOON),
        Measurement("b", "speed", "lane=2", 2.0, NOON + timedelta(seconds=1)),
        Measurement("c", "speed", "lane=1", 4.0, NOON + TEN),
    ]
    found = [each for each in absorbed([some]).values() if each.name.length == TEN]
    first, second = across(reversed(found))
    assert (first.summary.total, second.summary.total) == (3.0, 4.0)
    assert first.name == Name("speed", "", TEN, NOON)
    assert not first.closed


def test_dimensions_have_one_spelling() -> None:
    assert canonical({"region": "eu", "host": "a"}) == canonical({"host": "a", "region": "eu"})
    assert parsed("host=a,region=eu") == {"host": "a", "region": "eu"}
    assert parsed(canonical({})) == {}


@pytest.mark.parametrize("values", [(), (0.0, -3.5, 2.0)])
def test_columns_give_the_window_back(values: tuple[float, ...]) -> None:
    (name, *_) = names(Measurement("a", "speed", "lane=1", 0, NOON))
    one = Window(name, NOON, Summary.of(values), late=2, closed=True)

    class Row:
        def __init__(self) -> None:
            vars(self).update(columns(one))

    row: windows.Window = window(Row())  # type: ignore[arg-type]
    assert row == one
    assert (columns(one)["least"] is None) == (not values)
