"""What every `intelligence.recommending.ports.ItemStore` and `EventStore` keep."""

from collections.abc import Collection, Sequence
from datetime import UTC, datetime, timedelta
from typing import cast

import numpy as np
import pytest

from intelligence.errors import InputTooLarge
from intelligence.recommending.popularity import heated
from intelligence.recommending.ports import (
    Candidate,
    Event,
    EventStore,
    Item,
    ItemStore,
    Kind,
    Past,
    Recorded,
)
from intelligence.testing.embedder import MadeUpEmbedder, Read
from intelligence.testing.stores import Run, pointing, towards

MODEL = "made-up"
OWNER = "shop"
OTHER = "another shop"
NOW = datetime(2026, 3, 1, 12, tzinfo=UTC)


class ShortSighted(MadeUpEmbedder):
    """Reads ten words of a text at most."""

    def prepare(self, texts: Sequence[str]) -> Read:
        for index, text in enumerate(texts):
            if (words := len(text.split())) > 10:
                raise InputTooLarge(index, words, 10)
        return super().prepare(texts)


def item(item_id: str, *, text: str = "") -> Item:
    return Item(item_id, f"The {item_id}", text)


def event(
    event_id: str,
    item_id: str = "a",
    *,
    subject: str = "ada",
    kind: Kind = "view",
    days: float = 0,
) -> Event:
    return Event(event_id, subject, item_id, kind, NOW - timedelta(days=days))


def put(items: ItemStore, run: Run, owner: str = OWNER, **degrees: float) -> None:
    """Items in a plane, by their names and angles; the last is the newest."""
    for name, angle in degrees.items():
        run(items.put(owner, [item(name)], pointing(angle), MODEL))


def names(candidates: Collection[Candidate]) -> list[str]:
    return [each.id for each in candidates]


def heats(items: ItemStore, run: Run, owner: str = OWNER) -> dict[str, float | None]:
    return {each.id: each.heat for each in run(items.newest(owner, MODEL, 100, ()))}


class ItemStoreContract:
    """Inherit it and give the fixtures `items` and `events`, which hold nothing, and `run`."""

    def test_an_item_is_kept_as_it_was_put(self, items: ItemStore, run: Run) -> None:
        before = datetime.now(UTC)
        kettle = Item("kettle", "Kettle", "Of enamel.")
        run(items.put(OWNER, [kettle], pointing(30), MODEL))
        (kept,) = run(items.get(OWNER, ["kettle", "another"])).values()
        assert (kept.item, kept.model) == (kettle, MODEL)
        assert before <= kept.added_at == kept.changed_at <= datetime.now(UTC)

    def test_a_new_version_takes_the_place_of_the_old_and_stays_as_old_and_as_hot(
        self, items: ItemStore, events: EventStore, run: Run
    ) -> None:
        put(items, run, a=0)
        run(events.record(OWNER, [event("1")]))
        first = run(items.get(OWNER, ["a"]))["a"]
        run(items.put(OWNER, [item("a", text="newer")], pointing(90), "another"))
        second = run(items.get(OWNER, ["a"]))["a"]
        assert (second.item.text, second.model) == ("newer", "another")
        assert second.added_at == first.added_at
        assert second.changed_at > first.changed_at
        (hot,) = run(items.popular(OWNER, "another", 1, ()))
        assert hot.heat == heated(None, [("view", NOW)])
        assert hot.vector == pytest.approx(towards(90), abs=1e-6)

    def test_all_of_several_are_kept_or_none(self, items: ItemStore, run: Run) -> None:
        put(items, run, a=0)
        broken = [item("a", text="newer"), Item("b", cast("str", None), "")]
        with pytest.raises(Exception):  # noqa: B017, PT011 - what the store's database raises
            run(items.put(OWNER, broken, pointing(0, 90), MODEL))
        kept = run(items.get(OWNER, ["a", "b"]))
        assert {each.item for each in kept.values()} == {item("a")}

    def test_what_is_anothers_is_not_there(
        self, items: ItemStore, events: EventStore, run: Run
    ) -> None:
        put(items, run, a=0)
        run(events.record(OWNER, [event("1")]))
        nothing = [
            run(items.get(OTHER, ["a"])),
            run(items.all(OTHER, after="", limit=10)),
            run(items.vectors(OTHER, ["a"], MODEL)),
            run(items.nearest(OTHER, pointing(0), MODEL, 10, ())),
            run(items.popular(OTHER, MODEL, 10, ())),
            run(items.newest(OTHER, MODEL, 10, ())),
            run(events.history(OTHER, "ada", 10)),
        ]
        assert [[*each] for each in nothing] == [[]] * len(nothing)
        assert not run(items.delete(OTHER, "a"))
        assert run(events.record(OTHER, [event("1")])) == Recorded(frozenset(), frozenset("1"))

    def test_two_owners_may_call_things_alike(
        self, items: ItemStore, events: EventStore, run: Run
    ) -> None:
        for owner, text in ((OWNER, "ours"), (OTHER, "theirs")):
            run(items.put(owner, [item("a", text=text)], pointing(0), MODEL))
            assert run(events.record(owner, [event("1")])).new == {"1"}
        assert run(items.get(OWNER, ["a"]))["a"].item.text == "ours"
        assert run(items.delete(OWNER, "a"))
        assert run(items.get(OTHER, ["a"]))["a"].item.text == "theirs"
        assert len(run(events.history(OTHER, "ada", 10))) == 1

    def test_items_are_listed_by_id_a_page_at_a_time(self, items: ItemStore, run: Run) -> None:
        put(items, run, c=0, a=0, d=0, b=0)
        pages = [run(items.all(OWNER, after=after, limit=2)) for after in ("", "b", "d")]
        listed = [[each.item.id for each in page] for page in pages]
        assert listed == [["a", "b"], ["c", "d"], []]

    def test_what_is_deleted_is_gone_with_what_was_done_with_it(
        self, items: ItemStore, events: EventStore, run: Run
    ) -> None:
        put(items, run, a=0, b=0)
        run(events.record(OWNER, [event("1", "a"), event("2", "b")]))
        assert run(items.delete(OWNER, "a"))
        assert not run(items.delete(OWNER, "a"))
        assert [each.item_id for each in run(events.history(OWNER, "ada", 10))] == ["b"]
        assert names(run(items.nearest(OWNER, pointing(0), MODEL, 10, ()))) == ["b"]

    def test_vectors_are_given_out_as_they_were_put(self, items: ItemStore, run: Run) -> None:
        vectors = np.random.default_rng(0).normal(size=(2, 384)).astype(np.float32)
        vectors /= np.linalg.norm(vectors, axis=1, keepdims=True)
        run(items.put(OWNER, [item("a"), item("b")], vectors, MODEL))
        found = run(items.vectors(OWNER, ["b", "a", "gone"], MODEL))
        assert found.keys() == {"a", "b"}
        assert np.array_equal(np.stack([found["a"], found["b"]]), vectors)
        assert run(items.vectors(OWNER, ["a"], "another")) == {}

    def test_the_nearest_of_each_vector_are_found_once(self, items: ItemStore, run: Run) -> None:
        put(items, run, a=0, b=20, c=50, d=90, e=180)
        near = run(items.nearest(OWNER, pointing(0, 80), MODEL, 2, ()))
        assert sorted(names(near)) == ["a", "b", "c", "d"]
        near = run(items.nearest(OWNER, pointing(0, 10), MODEL, 2, ()))
        assert sorted(names(near)) == ["a", "b"]
        (best,) = run(items.nearest(OWNER, pointing(85), MODEL, 1, ()))
        assert (best.id, best.title, best.heat) == ("d", "The d", None)
        assert best.vector == pytest.approx(towards(90), abs=1e-6)

    def test_what_is_to_be_left_out_makes_room_for_others(
        self, items: ItemStore, events: EventStore, run: Run
    ) -> None:
        put(items, run, a=0, b=20, c=50)
        run(events.record(OWNER, [event(str(n), each) for n, each in enumerate("aabbbc")]))
        assert names(run(items.nearest(OWNER, pointing(0), MODEL, 1, ("a", "gone")))) == ["b"]
        assert names(run(items.popular(OWNER, MODEL, 1, {"b": 1}))) == ["a"]
        assert names(run(items.newest(OWNER, MODEL, 1, ["c"]))) == ["b"]

    def test_what_another_model_embedded_is_not_found(self, items: ItemStore, run: Run) -> None:
        run(items.put(OWNER, [item("old")], pointing(0), "another"))
        run(items.put(OWNER, [item("longer")], np.eye(1, 5, dtype=np.float32), "longer"))
        assert [*run(items.nearest(OWNER, pointing(0), MODEL, 10, ()))] == []
        assert [*run(items.newest(OWNER, MODEL, 10, ()))] == []

    def test_the_newest_are_those_that_were_added_last(self, items: ItemStore, run: Run) -> None:
        put(items, run, a=0, b=0, c=0)
        run(items.put(OWNER, [item("a", text="changed")], pointing(0), MODEL))
        assert names(run(items.newest(OWNER, MODEL, 2, ()))) == ["c", "b"]

    def test_the_hottest_come_first_and_equal_ones_by_id(
        self, items: ItemStore, events: EventStore, run: Run
    ) -> None:
        put(items, run, d=0, c=0, b=0, a=0)
        run(events.record(OWNER, [event("1", "d"), event("2", "b"), event("3", "c", days=30)]))
        assert names(run(items.popular(OWNER, MODEL, 10, ()))) == ["b", "d", "c"]

    def test_an_event_is_recorded_once_and_heats_once(
        self, items: ItemStore, events: EventStore, run: Run
    ) -> None:
        put(items, run, a=0, b=0)
        sent = [event("1", kind="like", days=1), event("2"), event("3", "b")]
        assert run(events.record(OWNER, sent[:1])) == Recorded(frozenset("1"), frozenset())
        assert run(events.record(OWNER, sent)) == Recorded(frozenset("23"), frozenset())
        assert run(events.record(OWNER, sent)) == Recorded(frozenset(), frozenset())
        once = [(each.kind, each.at) for each in sent if each.item_id == "a"]
        assert heats(items, run)["a"] == pytest.approx(heated(None, once))
        assert len(run(events.history(OWNER, "ada", 10))) == 3

    def test_an_event_of_an_unknown_item_is_recorded_when_the_item_is_there(
        self, items: ItemStore, events: EventStore, run: Run
    ) -> None:
        put(items, run, a=0)
        sent = [event("1"), event("2", "late")]
        assert run(events.record(OWNER, sent)) == Recorded(frozenset("1"), frozenset("2"))
        put(items, run, late=0)
        assert run(events.record(OWNER, sent)) == Recorded(frozenset("2"), frozenset())

    def test_nothing_is_recorded_of_nothing(self, events: EventStore, run: Run) -> None:
        assert run(events.record(OWNER, [])) == Recorded(frozenset(), frozenset())

    def test_a_history_is_a_subjects_latest_first(
        self, items: ItemStore, events: EventStore, run: Run
    ) -> None:
        put(items, run, a=0, b=0)
        sent = [
            event("1", "b", days=3),
            event("2", kind="purchase", days=1),
            event("3", days=2),
            event("4", subject="bob"),
        ]
        run(events.record(OWNER, sent))
        found = run(events.history(OWNER, "ada", 2))
        assert [*found] == [
            Past("a", "purchase", NOW - timedelta(days=1)),
            Past("a", "view", NOW - timedelta(days=2)),
        ]
        assert [*run(events.history(OWNER, "nobody", 2))] == []

    def test_what_is_old_is_forgotten_oldest_first_and_some_at_a_time(
        self, items: ItemStore, events: EventStore, run: Run
    ) -> None:
        put(items, run, a=0)
        run(events.record(OWNER, [event(str(n), days=n) for n in range(6)]))

        def left() -> list[int]:
            return [(NOW - each.at).days for each in run(events.history(OWNER, "ada", 10))]

        run(events.forget(NOW - timedelta(days=2, hours=1), 2))
        assert left() == [0, 1, 2, 3]
        run(events.forget(NOW - timedelta(days=2, hours=1), 2))
        assert left() == [0, 1, 2]

    def test_what_another_model_embedded_is_given_out_to_be_embedded_anew(
        self, items: ItemStore, run: Run
    ) -> None:
        put(items, run, new=0)
        longer = np.eye(1, 5, dtype=np.float32)
        for owner in (OWNER, OTHER):
            run(items.put(owner, [item("old", text="Its text.")], longer, "another"))
        before = run(items.get(OWNER, ["old"]))["old"]
        first = run(items.outdated(MODEL, 0))
        assert first is not None
        assert first.item == item("old", text="Its text.")
        assert run(items.refresh(first, towards(90), MODEL))
        after = run(items.get(OWNER, ["old"]))["old"]
        assert (after.model, after.changed_at) == (MODEL, before.changed_at)
        second = run(items.outdated(MODEL, 0))
        assert second is not None
        assert second.row > first.row
        assert run(items.outdated(MODEL, second.row)) is None
        assert names(run(items.nearest(OWNER, pointing(90), MODEL, 1, ()))) == ["old"]

    def test_a_newer_version_is_not_refreshed_away(self, items: ItemStore, run: Run) -> None:
        run(items.put(OWNER, [item("a")], pointing(0), "another"))
        outdated = run(items.outdated(MODEL, 0))
        assert outdated is not None
        run(items.put(OWNER, [item("a", text="newer")], pointing(45), "third"))
        assert not run(items.refresh(outdated, towards(90), MODEL))
        assert run(items.get(OWNER, ["a"]))["a"].model == "third"
