import random
from datetime import UTC, datetime
from statistics import fmean, pstdev

import pytest

from intelligence.measurements.anomalies import (
    BASELINE,
    BOUND,
    LEAST_BASELINE,
    UNUSUAL,
    score,
    scores,
)
from intelligence.measurements.windows import LENGTHS, Name, Summary, Window

NOON = datetime(2026, 3, 10, 12, tzinfo=UTC)
TEN = LENGTHS["10s"]


def at(place: int, *values: float) -> Window:
    return Window(Name("speed", "", TEN, NOON + place * TEN), NOON, Summary.of(values))


def test_it_counts_in_standard_deviations() -> None:
    dice = random.Random(3)
    usual = [dice.gauss(50, 2) for _ in range(2001)]
    assert score(56, usual) == pytest.approx((56 - fmean(usual)) / pstdev(usual), rel=0.1)
    assert score(44, usual) == pytest.approx(-(score(56, usual) or 0), rel=0.1)


def test_a_few_odd_windows_do_not_hide_the_next_one() -> None:
    usual = [50, 51, 49, 50, 52, 48, 51, 49, 50, 51]
    odd = [*usual, 900, 950, 1000]
    found = score(960, odd)
    assert found is not None
    assert found > UNUSUAL > abs((960 - fmean(odd)) / pstdev(odd))


def test_too_few_say_nothing() -> None:
    assert score(1, [1.0] * (LEAST_BASELINE - 1)) is None
    assert score(1, [1.0] * LEAST_BASELINE) == 0


@pytest.mark.parametrize(("value", "found"), [(7.0, 0), (8.0, BOUND), (6.0, -BOUND)])
def test_any_change_after_perfect_constancy_is_unusual(value: float, found: float) -> None:
    assert score(value, [7.0] * 12) == found


def test_where_most_are_equal_the_mean_deviation_says_how_much_is_usual() -> None:
    usual = [7.0] * 9 + [8.0, 6.0]
    near, far = score(7.3, usual), score(9.0, usual)
    assert near is not None
    assert far is not None
    assert 0 < near < UNUSUAL < far < BOUND


def test_each_window_is_scored_beside_those_before_it() -> None:
    some = [at(n, n % 3) for n in range(LEAST_BASELINE + 2)]
    found = scores([*some, at(50, 9)])
    assert [each is None for each in found.values()] == [True] * 8 + [False] * 2 + [True]
    before = [each.summary.mean for each in some[:-1]]
    assert found[some[-1].name.start] == score(some[-1].summary.mean, before)


def test_neither_empty_windows_nor_old_ones_count() -> None:
    """Window 0 lies 21 lengths before the last one, and is far from the others."""
    some = [at(0, 1000.0), *[at(n) if n % 2 else at(n, 5.0) for n in range(1, BASELINE + 1)]]
    last = at(BASELINE + 1, 5.0)
    found = scores([*some, last])
    assert len(found) == 1 + BASELINE // 2 + 1
    assert found[last.name.start] == 0
