"""Profiles, popularity and ranking as values, without a store and without a model."""

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from itertools import permutations

import numpy as np
import pytest

from intelligence.ports import Vector
from intelligence.recommending.popularity import HALF_LIFE, demand, heated
from intelligence.recommending.ports import Candidate, Item, Kind, Past
from intelligence.recommending.ranking import (
    ANCHORS,
    FADING,
    Profile,
    Recommended,
    blended,
    for_a_stranger,
)
from intelligence.recommending.scan import Scan
from intelligence.testing.stores import pointing, towards

NOW = datetime(2026, 3, 1, 12, tzinfo=UTC)


def past(item_id: str, *, kind: Kind = "view", ago: timedelta = timedelta()) -> Past:
    return Past(item_id, kind, NOW - ago)


def candidate(item_id: str, degrees: float = 0, asked: float = 0) -> Candidate:
    """`asked`: so many views, now."""
    heat = heated(None, [("view", NOW)] * int(asked))
    return Candidate(item_id, item_id.upper(), towards(degrees), heat)


def ids(found: Sequence[Recommended]) -> list[str]:
    return [each.id for each in found]


def rank(
    profile: Profile, vectors: dict[str, Vector], *candidates: Candidate, limit: int = 10
) -> list[Recommended]:
    return blended(profile, vectors, candidates, NOW, limit)


def test_title_and_text_are_read_and_a_title_alone_as_it_is() -> None:
    assert Item("a", "Kettle", "Of enamel.").read == "Kettle\n\nOf enamel."
    assert Item("a", "Kettle", "").read == "Kettle"


class TestPopularity:
    def test_events_are_weighed_and_summed(self) -> None:
        heat = heated(None, [("view", NOW), ("like", NOW), ("purchase", NOW)])
        assert demand(heat, NOW) == pytest.approx(1 + 3 + 5)

    def test_a_half_life_halves(self) -> None:
        heat = heated(None, [("purchase", NOW)])
        assert demand(heat, NOW + HALF_LIFE) == pytest.approx(2.5)
        assert demand(heat, NOW + 3 * HALF_LIFE) == pytest.approx(0.625)

    def test_late_events_count_as_if_they_had_come_in_time(self) -> None:
        deeds: list[tuple[Kind, datetime]] = [
            ("view", NOW),
            ("like", NOW - timedelta(days=40)),
            ("purchase", NOW - timedelta(days=3)),
        ]
        expected = sum(
            weight * 2 ** -((NOW - at) / HALF_LIFE)
            for weight, (_, at) in zip((1, 3, 5), deeds, strict=True)
        )
        for order in permutations(deeds):
            heat = None
            for deed in order:
                heat = heated(heat, [deed])
            assert demand(heat, NOW) == pytest.approx(expected)

    def test_the_order_does_not_depend_on_when_one_looks(self) -> None:
        one = heated(None, [("view", NOW)] * 3)
        other = heated(None, [("view", NOW - timedelta(days=20))] * 5)
        assert one is not None
        assert other is not None
        for days in (0, 10, 1000):
            later = NOW + timedelta(days=days)
            assert (demand(one, later) > demand(other, later)) == (one > other)

    def test_nobody_is_no_heat(self) -> None:
        assert heated(None, []) is None
        assert demand(None, NOW) == 0

    def test_a_hundred_years_do_not_overflow(self) -> None:
        later = NOW + timedelta(days=36_500)
        heat = heated(heated(None, [("view", NOW)]), [("like", later)])
        assert demand(heat, later) == pytest.approx(3)


class TestProfile:
    def test_what_was_done_lately_weighs_more(self) -> None:
        profile = Profile.of([past("new"), past("old", ago=FADING)], NOW)
        assert profile.weights == pytest.approx({"new": 1, "old": 0.5})
        assert [*profile.weights] == ["new", "old"]

    def test_what_was_done_again_and_more_adds_up(self) -> None:
        history = [past("a"), past("a", kind="like"), past("b", kind="purchase")]
        assert Profile.of(history, NOW).weights == pytest.approx({"b": 1, "a": 0.8})

    def test_the_strongest_few_are_kept_and_all_are_seen(self) -> None:
        history = [past(f"i{n}", ago=timedelta(days=n)) for n in range(ANCHORS + 3)]
        profile = Profile.of(history, NOW)
        assert [*profile.weights] == [f"i{n}" for n in range(ANCHORS)]
        assert set(profile.seen) == {f"i{n}" for n in range(ANCHORS + 3)}

    def test_equal_ones_are_in_the_order_of_their_ids(self) -> None:
        assert [*Profile.of([past("b"), past("c"), past("a")], NOW).weights] == ["a", "b", "c"]

    def test_a_clock_that_is_ahead_gains_nothing(self) -> None:
        history = [past("ahead", ago=-timedelta(days=30)), past("now")]
        assert Profile.of(history, NOW).weights == {"ahead": 1, "now": 1}

    def test_who_did_nothing_has_none(self) -> None:
        profile = Profile.of([], NOW)
        assert not profile.weights
        assert not profile.seen


class TestBlended:
    def test_the_more_similar_comes_first_and_says_what_it_is_like(self) -> None:
        profile = Profile.of([past("x")], NOW)
        found = rank(profile, {"x": towards(0)}, candidate("far", 60), candidate("near", 20))
        assert found == [
            Recommended("near", "NEAR", "similar", "x"),
            Recommended("far", "FAR", "similar", "x"),
        ]

    def test_two_interests_stay_two(self) -> None:
        """What lies between them is like neither."""
        profile = Profile.of([past("x"), past("y")], NOW)
        vectors = {"x": towards(0), "y": towards(120)}
        found = rank(
            profile, vectors, candidate("between", 60), candidate("a", 5), candidate("b", 115)
        )
        assert [(each.id, each.like) for each in found[:2]] == [("a", "x"), ("b", "y")]
        assert found[2].id == "between"

    def test_an_interest_of_long_ago_speaks_less(self) -> None:
        profile = Profile.of([past("new"), past("old", ago=3 * FADING)], NOW)
        vectors = {"new": towards(0), "old": towards(90)}
        found = rank(profile, vectors, candidate("like-old", 90), candidate("like-new", 30))
        assert ids(found) == ["like-new", "like-old"]

    def test_of_equally_similar_ones_the_more_popular_comes_first(self) -> None:
        profile = Profile.of([past("x")], NOW)
        found = rank(profile, {"x": towards(0)}, candidate("a", 30), candidate("b", 30, asked=4))
        assert ids(found) == ["b", "a"]

    def test_a_view_or_two_make_nothing_popular(self) -> None:
        profile = Profile.of([past("x")], NOW)
        found = rank(profile, {"x": towards(0)}, candidate("a", 60, asked=1), candidate("b", 50))
        assert ids(found) == ["b", "a"]

    def test_popularity_does_not_outweigh_what_is_much_nearer(self) -> None:
        profile = Profile.of([past("x")], NOW)
        hot, near = candidate("hot", 80, asked=1000), candidate("near", 10)
        found = rank(profile, {"x": towards(0)}, hot, near)
        assert [(each.id, each.reason) for each in found] == [
            ("near", "similar"),
            ("hot", "popular"),
        ]

    def test_equal_ones_are_in_the_order_of_their_ids_however_they_come(self) -> None:
        profile = Profile.of([past("x")], NOW)
        for order in permutations("abc"):
            found = rank(profile, {"x": towards(0)}, *(candidate(each, 45) for each in order))
            assert ids(found) == ["a", "b", "c"]

    def test_who_is_found_in_two_ways_is_there_once(self) -> None:
        profile = Profile.of([past("x")], NOW)
        twice = candidate("a", 10, asked=1)
        assert ids(rank(profile, {"x": towards(0)}, twice, candidate("b"), twice)) == ["a", "b"]

    def test_no_more_than_asked_for_and_none_of_none(self) -> None:
        profile = Profile.of([past("x")], NOW)
        several = [candidate(each) for each in "abc"]
        assert ids(rank(profile, {"x": towards(0)}, *several, limit=2)) == ["a", "b"]
        assert rank(profile, {"x": towards(0)}) == []

    def test_an_item_whose_vector_is_of_another_model_has_no_say(self) -> None:
        profile = Profile.of([past("x", kind="purchase"), past("y")], NOW)
        (found,) = rank(profile, {"y": towards(0)}, candidate("a"))
        assert found.like == "y"


class TestStranger:
    @pytest.mark.parametrize(
        ("popular", "newest", "limit", "expected"),
        [
            ("abcd", "xyz", 6, "abxcdy"),
            ("abcd", "xyz", 2, "ab"),
            ("a", "xyz", 9, "axyz"),
            ("abcd", "", 9, "abcd"),
            ("ab", "ba", 9, "ab"),
            ("abc", "cx", 9, "abcx"),
            ("", "", 9, ""),
        ],
    )
    def test_two_popular_ones_then_a_new_one(
        self, popular: str, newest: str, limit: int, expected: str
    ) -> None:
        found = for_a_stranger(
            [candidate(each) for each in popular], [candidate(each) for each in newest], limit
        )
        assert ids(found) == [*expected]

    def test_each_says_why_it_is_there(self) -> None:
        found = for_a_stranger([candidate("a")], [candidate("a"), candidate("b")], 2)
        assert found == [Recommended("a", "A", "popular"), Recommended("b", "B", "new")]


class TestScan:
    def test_the_best_of_each_vector_are_kept_over_parts(self) -> None:
        scan = Scan(pointing(0, 90), 2)
        angles = [50, 80, 10, 180, 95, 20]
        for start in range(0, len(angles), 2):
            part = angles[start : start + 2]
            scan.look([(angle, towards(angle).tobytes()) for angle in part])
        assert scan.best() == [10, 20, 80, 95]

    def test_one_that_is_near_to_both_is_there_once(self) -> None:
        scan = Scan(pointing(0, 10), 1)
        scan.look([(7, towards(5).tobytes()), (8, towards(90).tobytes())])
        assert scan.best() == [7]

    def test_nothing_looked_at_is_nothing_found(self) -> None:
        assert Scan(np.eye(2, 3, dtype=np.float32), 3).best() == []
