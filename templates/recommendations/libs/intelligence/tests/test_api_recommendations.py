"""Putting items without HTTP and without a database, on a made-up model."""

import asyncio
from collections.abc import Iterator, Mapping
from concurrent.futures import Future
from unittest.mock import create_autospec

import pytest

from intelligence.api.asking import CLIENT_LEFT, CallerLeft, InvalidInput
from intelligence.api.recommendations import (
    ITEMS_A_RUN,
    BulkItem,
    PutItem,
    PutItems,
    Recommendations,
    UnknownItem,
)
from intelligence.engine import Engine
from intelligence.recommending.ports import EventStore, ItemStore, Kept
from intelligence.testing.embedder import MadeUpEmbedder
from intelligence.testing.item_store import ShortSighted
from intelligence.usage import Usage

GUARD = 10.0  # seconds, against a hang
SEVERAL = [BulkItem(id=f"i{n}", title="An item") for n in range(ITEMS_A_RUN + 2)]


class Waiting:
    """Whoever waits leaves before the given turn."""

    def __init__(self, leaves: int = 99) -> None:
        self.left = leaves

    async def __call__[R](self, future: Future[R], /) -> R:
        self.left -= 1
        if self.left < 0:
            raise CallerLeft
        return future.result(GUARD)


class Written:
    def __init__(self) -> None:
        self.usage: list[Usage] = []

    async def record(self, usage: Usage) -> None:
        self.usage.append(usage)


@pytest.fixture
def items() -> ItemStore:
    """There is nothing in it, whatever is put."""
    store: ItemStore = create_autospec(ItemStore, instance=True)
    return store


@pytest.fixture
def engine() -> Iterator[Engine]:
    engine = Engine(ShortSighted)
    engine.start().result(GUARD)
    yield engine
    engine.close(GUARD)


def asked(
    items: ItemStore, engine: Engine, sink: Written, wait: Waiting | None = None
) -> Recommendations:
    async def none(*_: object) -> Mapping[str, Kept]:
        return {}

    items.get = none  # type: ignore[assignment]
    events: EventStore = create_autospec(EventStore, instance=True)
    return Recommendations(items, events, engine, sink, wait or Waiting(), "shop", "key")


def test_a_caller_who_leaves_pays_for_what_was_read(items: ItemStore, engine: Engine) -> None:
    sink = Written()
    asking = asked(items, engine, sink, Waiting(leaves=1))
    with pytest.raises(CallerLeft):
        asyncio.run(asking.put_several(PutItems(items=SEVERAL)))
    items.put.assert_not_called()  # type: ignore[attr-defined]
    (usage,) = sink.usage
    assert (usage.operation, usage.model, usage.status) == (
        "items",
        MadeUpEmbedder.model,
        CLIENT_LEFT,
    )
    assert usage.input_tokens == 2 * ITEMS_A_RUN


def test_what_the_model_refuses_is_named_by_its_place(items: ItemStore, engine: Engine) -> None:
    sink = Written()
    long = BulkItem(id="long", title="An item", text="word " * 20)
    with pytest.raises(InvalidInput) as refused:
        asyncio.run(asked(items, engine, sink).put_several(PutItems(items=[*SEVERAL, long])))
    assert refused.value.location == ("items", len(SEVERAL), "text")
    assert [(each.status, each.input_tokens) for each in sink.usage] == [(422, 2 * ITEMS_A_RUN)]


def test_a_refusal_that_cost_nothing_leaves_no_trace(items: ItemStore, engine: Engine) -> None:
    sink = Written()
    body = PutItem(title="An item", text="word " * 20)
    with pytest.raises(InvalidInput):
        asyncio.run(asked(items, engine, sink).put("long", body))
    assert sink.usage == []


def test_what_is_deleted_while_it_is_put_is_unknown(items: ItemStore, engine: Engine) -> None:
    with pytest.raises(UnknownItem, match="deleted at the same time"):
        asyncio.run(asked(items, engine, Written()).put("a", PutItem(title="An item")))
