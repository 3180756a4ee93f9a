from datetime import date

from intelligence.usage_figures import Figures, busiest, days


def test_days_end_with_the_last_and_cross_months() -> None:
    assert days(date(2026, 3, 2), 4) == [
        date(2026, 2, 27),
        date(2026, 2, 28),
        date(2026, 3, 1),
        date(2026, 3, 2),
    ]


def test_what_follows_from_the_counts() -> None:
    assert Figures(8, 2, 30, 12).tokens == 42
    assert Figures(8, 2).error_rate == 0.25
    assert Figures().error_rate == 0.0


def test_the_busiest_come_first_with_their_share() -> None:
    counted = [("a", Figures(1)), ("b", Figures(4)), ("c", Figures(3))]
    assert [(group, share) for group, _, share in busiest(counted)] == [
        ("b", 1.0),
        ("c", 0.75),
        ("a", 0.25),
    ]
    assert [share for *_, share in busiest([("idle", Figures())])] == [0.0]
    assert list(busiest([])) == []
