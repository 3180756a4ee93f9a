"""What is looked for, on a made-up model."""

import asyncio
from collections.abc import Iterator, Sequence
from typing import cast

import pytest

from intelligence.engine import Engine
from intelligence.errors import Expired
from intelligence.generation.finding import PASSAGES, QUERY_CHARACTERS, find, query
from intelligence.generation.ports import Message
from intelligence.generation.waiting import result_of
from intelligence.ports import Vector
from intelligence.retrieval.ports import ChunkStore, Passage
from intelligence.testing.embedder import GUARD, GatedModel


class Found:
    """As much of a ChunkStore as is asked for; it remembers that."""

    asked: tuple[str, list[float], str, int]

    async def search(self, query: str, vector: Vector, model: str, limit: int) -> Sequence[Passage]:
        self.asked = (query, vector.tolist(), model, limit)
        return [Passage("id", "title", None, 0, "text", 0.5)]


@pytest.fixture
def model() -> GatedModel:
    return GatedModel()


@pytest.fixture
def engine(model: GatedModel) -> Iterator[Engine]:
    engine = Engine(lambda: model, timeout=0.1)
    engine.start().result(GUARD)
    yield engine
    model.open.set()
    engine.close(GUARD)


def test_passages_are_found_by_the_vector_of_the_question(
    engine: Engine, model: GatedModel
) -> None:
    model.open.set()
    chunks = Found()
    found = asyncio.run(find(engine, cast("ChunkStore", chunks), [Message("user", "two words")]))
    (vector,) = model.vectors(["two words"]).tolist()
    assert chunks.asked == ("two words", vector, model.model, PASSAGES)
    assert ([each.text for each in found.passages], found.tokens) == (["text"], 2)


def test_a_follow_up_is_looked_for_with_what_was_asked_before() -> None:
    said = [
        Message("system", "Be brief."),
        Message("user", "How do I get there?"),
        Message("assistant", "By bus."),
        Message("user", "And by train?"),
    ]
    assert query(said) == "How do I get there?\nAnd by train?"


def test_no_more_is_looked_for_than_a_model_reads() -> None:
    said = [Message("user", "x" * 1000), Message("user", "And by train?")]
    assert len(query(said)) == QUERY_CHARACTERS
    assert query(said).endswith("\nAnd by train?")


def test_what_waits_too_long_is_taken_out_of_the_queue(engine: Engine, model: GatedModel) -> None:
    running = engine.embed(["running"])
    assert model.entered.wait(GUARD)
    queued = engine.embed(["queued"])
    with pytest.raises(Expired):
        asyncio.run(result_of(queued, engine.timeout))
    assert queued.cancelled()
    model.open.set()
    running.result(GUARD)
    engine.embed(["next"]).result(GUARD)
    assert model.texts == ["warm up", "running", "next"]
