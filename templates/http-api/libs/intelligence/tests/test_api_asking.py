import pytest

from intelligence.api.asking import Refusals


def test_refusals_leave_one_after_the_other() -> None:
    refusals = Refusals(a_second=100)
    assert [refusals.hold(1000.0) for _ in range(3)] == pytest.approx([0.01, 0.02, 0.03])


def test_no_refusal_is_held_back_for_longer_than_is_set() -> None:
    refusals = Refusals(a_second=100, longest=0.02)
    assert [refusals.hold(1000.0) for _ in range(4)] == pytest.approx([0.01, 0.02, 0.02, 0.02])


def test_a_refusal_after_a_quiet_time_hardly_waits() -> None:
    refusals = Refusals(a_second=100)
    for _ in range(3):
        refusals.hold(1000.0)
    assert refusals.hold(1001.0) == pytest.approx(0.01)
