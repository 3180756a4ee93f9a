from collections import Counter
from datetime import UTC, datetime, timedelta

from intelligence.usage_demo import DAYS, KEYS, OPERATIONS, made_up

NOW = datetime(2026, 3, 10, 8, tzinfo=UTC)


def test_it_is_the_same_for_the_same_time_and_lies_in_its_past() -> None:
    made = list(made_up(NOW))
    assert made == list(made_up(NOW))
    assert len(made) > 1000
    assert all(NOW - timedelta(days=DAYS) < at <= NOW for at, _ in made)


def test_every_key_asks_for_every_operation() -> None:
    asked = {(usage.key_id, usage.operation) for _, usage in made_up(NOW)}
    assert asked == {(key, usual.operation) for key in KEYS for usual in OPERATIONS}


def test_one_day_was_bad() -> None:
    failed = Counter(at.date() for at, usage in made_up(NOW) if usage.status == 500)
    (worst, most), (_, next_most) = failed.most_common(2)
    assert worst == (NOW - timedelta(days=9)).date()
    assert most > next_most
