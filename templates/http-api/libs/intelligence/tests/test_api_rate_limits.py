from threading import Thread

import pytest

from intelligence.api.rate_limits import RateLimited, RateLimits


class Clock:
    def __init__(self) -> None:
        self.now = 1000.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def clock() -> Clock:
    return Clock()


def taken(limits: RateLimits, key: str = "ak_1") -> int:
    """How many more requests are let in."""
    for count in range(100):
        try:
            limits.take(key)
        except RateLimited:
            return count
    return 100


@pytest.mark.parametrize("per_minute", [1, 3, 7, 60])
def test_a_minutes_worth_may_be_spent_at_once_and_each_key_has_its_own(
    clock: Clock, per_minute: int
) -> None:
    limits = RateLimits(per_minute, clock)
    assert taken(limits) == taken(limits, "ak_2") == per_minute


def test_it_fills_evenly_up_to_a_minutes_worth(clock: Clock) -> None:
    limits = RateLimits(6, clock)
    assert taken(limits) == 6
    clock.now += 9.9
    assert taken(limits) == 0
    clock.now += 0.2
    assert taken(limits) == 1
    clock.now += 25
    assert taken(limits) == 2
    clock.now += 3600
    assert taken(limits) == 6


@pytest.mark.parametrize(("passed", "seconds"), [(0, 10), (3.5, 7), (9.9, 1)])
def test_who_waits_as_long_as_told_is_let_in(clock: Clock, passed: float, seconds: int) -> None:
    limits = RateLimits(6, clock)
    assert taken(limits) == 6
    clock.now += passed
    with pytest.raises(RateLimited, match="more than 6 requests a minute") as refused:
        limits.take("ak_1")
    assert refused.value.retry_after == seconds
    clock.now += seconds
    limits.take("ak_1")


def test_none_is_any_number(clock: Clock) -> None:
    assert taken(RateLimits(0, clock)) == 100


def test_threads_share_what_there_is(clock: Clock) -> None:
    limits = RateLimits(50, clock)
    counts: list[int] = []
    threads = [Thread(target=lambda: counts.append(taken(limits))) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sum(counts) == 50


def test_no_more_buckets_are_kept_than_is_set_and_the_latest_used(clock: Clock) -> None:
    limits = RateLimits(1, clock, most=2)
    for name in ("ak_1", "ak_2", "ak_3"):
        limits.take(name)
    for name in ("ak_2", "ak_3"):
        with pytest.raises(RateLimited):
            limits.take(name)
    limits.take("ak_1")  # whose bucket made place
