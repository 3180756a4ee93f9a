from collections import Counter
from datetime import UTC, datetime, timedelta

from intelligence.usage_demo import DAYS, made_up
from intelligence.usual import operations

NOW = datetime(2026, 3, 10, 8, tzinfo=UTC)
CALLERS = {"shop": 6, "support": 3, "search": 2}


def test_it_is_the_same_for_the_same_time_and_lies_in_its_past() -> None:
    made = list(made_up(NOW, CALLERS))
    assert made == list(made_up(NOW, CALLERS))
    assert len(made) > 1000
    assert all(NOW - timedelta(days=DAYS) < at <= NOW for at, _, _ in made)


def test_every_caller_asks_for_every_operation_and_most_by_share() -> None:
    asked = [(caller, usage.operation) for _, caller, usage in made_up(NOW, CALLERS)]
    assert set(asked) == {(each, usual.operation) for each in CALLERS for usual in operations()}
    assert [each for each, _ in Counter(caller for caller, _ in asked).most_common()] == [*CALLERS]


def test_one_day_was_bad() -> None:
    failed = Counter(at.date() for at, _, usage in made_up(NOW, CALLERS) if usage.status == 500)
    (worst, most), (_, next_most) = failed.most_common(2)
    assert worst == (NOW - timedelta(days=9)).date()
    assert most > next_most
