"""Is recommended what customers want next? The whole path: embed, store, look back, search, rank.

On `intelligence.testing.preferences`, whose customers' tastes are known. The gate is the measured
value less 0.05; controls must miss it.
"""

import logging
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from math import log2
from unittest.mock import Mock

import numpy as np
import pytest

from intelligence.api.recommendations import Recommendations
from intelligence.engine import Engine
from intelligence.ports import Matrix
from intelligence.recommending.ports import Event, EventStore, Item, ItemStore
from intelligence.testing import preferences
from intelligence.testing.edge import GUARD
from intelligence.testing.keeping import Evaluated, at_once
from intelligence.testing.preferences import HELD_OUT, NEXT, NOW, Customer, Shop
from intelligence.testing.stores import Run

PLACES = 10
OWNER = "measured"

logger = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Measure:
    """Of what is wanted, which share of customers finds one in the first three places, and how much
    of it stands how high: nDCG (Järvelin, Kekäläinen 2002) of the first ten."""

    hit_3: float
    ndcg_10: float

    @classmethod
    def of(cls, name: str, shop: Shop, lists: Sequence[Sequence[str]]) -> "Measure":
        hits, gains = [], []
        ideal = sum(1 / log2(place + 1) for place in range(1, NEXT + 1))
        for customer, found in zip(shop.customers, lists, strict=True):
            wanted = [each in customer.next for each in found[:PLACES]]
            hits.append(any(wanted[:3]))
            gain = sum(each / log2(place + 1) for place, each in enumerate(wanted, start=1))
            gains.append(gain / ideal)
        measure = cls(sum(hits) / len(hits), sum(gains) / len(gains))
        logger.info("%s: hit@3 %.3f, nDCG@10 %.3f", name, measure.hit_3, measure.ndcg_10)
        return measure

    def passes(self, gate: "Measure") -> bool:
        return self.hit_3 >= gate.hit_3 and self.ndcg_10 >= gate.ndcg_10


# Measured with the shipped model, less 0.05 each.
GATE = Measure(hit_3=0.435, ndcg_10=0.203)


class TasteContract(Evaluated):
    """Inherit it and give the fixtures `items` and `events`, which hold nothing, and `run`."""

    @pytest.fixture(scope="class")
    @classmethod
    def shop(cls) -> Shop:
        return preferences.shop(HELD_OUT)

    @pytest.fixture(scope="class")
    @classmethod
    def vectors(cls, engine: Engine, shop: Shop) -> Matrix:
        """One a ware."""
        texts = [Item(each.id, each.title, each.text).read for each in shop.wares]
        parts = [texts[start : start + 16] for start in range(0, len(texts), 16)]
        return np.concatenate([engine.embed(part).result(GUARD).vectors for part in parts])

    @pytest.fixture
    def recommended(
        self, items: ItemStore, events: EventStore, run: Run, engine: Engine, shop: Shop
    ) -> Callable[[Matrix], list[list[str]]]:
        """What each customer is recommended, where the wares have these vectors."""

        def recommended(vectors: Matrix) -> list[list[str]]:
            wares = [Item(each.id, each.title, each.text) for each in shop.wares]
            run(items.put(OWNER, wares, vectors, engine.model))
            sent = [event for each in shop.customers for event in deeds(each)]
            for start in range(0, len(sent), 100):
                run(events.record(OWNER, sent[start : start + 100]))
            asked = Recommendations(
                items, events, engine, Mock(record=nothing), at_once, OWNER, "key", lambda: NOW
            )
            answers = [run(asked.recommend(each.id, PLACES)) for each in shop.customers]
            return [[each.item_id for each in answer.data] for answer in answers]

        return recommended

    def test_what_customers_want_next_is_recommended(
        self, shop: Shop, vectors: Matrix, recommended: Callable[[Matrix], list[list[str]]]
    ) -> None:
        measured = Measure.of("recommendations", shop, recommended(vectors))
        assert measured.passes(GATE)

    def test_vectors_that_are_mixed_up_miss_the_gate(
        self, shop: Shop, vectors: Matrix, recommended: Callable[[Matrix], list[list[str]]]
    ) -> None:
        mixed = np.random.default_rng(1).permutation(vectors)
        measured = Measure.of("control: vectors mixed up", shop, recommended(mixed))
        assert not measured.passes(GATE)

    def test_the_most_popular_miss_the_gate(self, shop: Shop) -> None:
        """Of what a customer has not met, as the recommendations."""
        counts: dict[str, int] = dict.fromkeys((each.id for each in shop.wares), 0)
        for customer in shop.customers:
            for each in customer.deeds:
                counts[each.ware] += 1
        popular = sorted(counts, key=lambda each: -counts[each])
        met = [{each.ware for each in customer.deeds} for customer in shop.customers]
        lists = [[each for each in popular if each not in own] for own in met]
        measured = Measure.of("control: most popular", shop, lists)
        assert not measured.passes(GATE)


def deeds(customer: Customer) -> list[Event]:
    return [
        Event(f"{customer.id}-{number}", customer.id, each.ware, each.kind, each.at)
        for number, each in enumerate(customer.deeds)
    ]


async def nothing(*_: object) -> None:
    """What a recommendation cost is not measured here."""
