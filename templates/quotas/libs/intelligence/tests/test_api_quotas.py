from datetime import UTC, date, datetime, timedelta

import pytest

from intelligence.api.quotas import Counts, QuotaExceeded, Quotas, periods

NOON = datetime(2026, 12, 31, 12, tzinfo=UTC)
MONTH, DAY = date(2026, 12, 1), date(2026, 12, 31)


class Clock:
    def __init__(self) -> None:
        self.now = NOON

    def __call__(self) -> datetime:
        return self.now


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def quotas(clock: Clock) -> Quotas:
    return Quotas(timedelta(seconds=5), clock, most=2)


def counts(tokens: int = 0, requests: int = 0) -> Counts:
    return Counts(100, 10, tokens, requests, MONTH, DAY)


def test_days_and_months_are_of_utc() -> None:
    east = datetime.fromisoformat("2027-01-01T01:30:00+02:00")
    assert periods(east) == (MONTH, DAY)


def test_quotas_end_with_the_month_and_the_day() -> None:
    of_month, of_day = counts(7, 3).quotas(NOON)
    assert (of_month.used, of_month.resets_at) == (7, datetime(2027, 1, 1, tzinfo=UTC))
    assert (of_day.used, of_day.resets_at) == (3, datetime(2027, 1, 1, tzinfo=UTC))
    of_month, of_day = counts(7, 3).quotas(NOON + timedelta(days=1))
    assert (of_month.used, of_month.resets_at) == (0, datetime(2027, 2, 1, tzinfo=UTC))
    assert (of_day.used, of_day.resets_at) == (0, datetime(2027, 1, 2, tzinfo=UTC))


def test_what_is_stored_is_read_again_after_a_while(quotas: Quotas, clock: Clock) -> None:
    assert quotas.due("a")
    quotas.learn("a", None)
    assert not quotas.due("a")
    clock.now += timedelta(seconds=5)
    assert quotas.due("a")
    assert not quotas.due("a")  # another one is at it
    clock.now -= timedelta(hours=1)  # the clock was set back
    assert quotas.due("a")


def test_it_is_read_again_at_once_when_a_day_begins(quotas: Quotas, clock: Clock) -> None:
    clock.now = datetime(2027, 1, 1, tzinfo=UTC) - timedelta(seconds=1)
    quotas.learn("a", counts(requests=10))
    with pytest.raises(QuotaExceeded) as error:
        quotas.admit("a")
    assert error.value.retry_after == 1
    clock.now += timedelta(seconds=1)
    assert quotas.due("a")
    quotas.admit("a")


def test_what_was_let_in_counts_until_it_is_read_again(quotas: Quotas) -> None:
    quotas.learn("a", counts(requests=9))
    quotas.admit("a")
    with pytest.raises(QuotaExceeded, match="10 requests a day"):
        quotas.admit("a")
    quotas.learn("a", counts(requests=9))
    quotas.admit("a")


def test_a_key_without_a_quota_uses_what_it_likes(quotas: Quotas) -> None:
    quotas.learn("a", None)
    quotas.learn("b", Counts(None, None, 10**9, 10**9, MONTH, DAY))
    for _ in range(3):
        quotas.admit("a")
        quotas.admit("b")


def test_only_so_many_keys_are_remembered(quotas: Quotas) -> None:
    for key in ("a", "b", "c"):
        quotas.learn(key, counts(requests=10))
    assert [quotas.due(key) for key in ("a", "b", "c")] == [True, False, False]
    quotas.admit("a")
