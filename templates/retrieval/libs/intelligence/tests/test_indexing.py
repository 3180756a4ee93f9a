"""Indexing without HTTP and without a database, on a made-up model."""

import asyncio
from collections.abc import Iterator, Sequence
from concurrent.futures import Future
from unittest.mock import create_autospec

import numpy as np
import pytest

from intelligence.api.asking import CLIENT_LEFT, CallerLeft
from intelligence.api.documents import Documents, PutDocument
from intelligence.engine import Engine
from intelligence.errors import InputTooLarge
from intelligence.retrieval.indexing import CHUNKS_A_REQUEST, Indexing
from intelligence.retrieval.ports import ChunkStore
from intelligence.testing.embedder import MadeUpEmbedder, Read
from intelligence.usage import Usage

GUARD = 10.0  # seconds, against a hang


class ShortSighted(MadeUpEmbedder):
    """Reads twenty characters, and notes what it was given."""

    def __init__(self) -> None:
        self.given: list[list[str]] = []

    def prepare(self, texts: Sequence[str]) -> Read:
        for index, text in enumerate(texts):
            if len(text) > 20:
                raise InputTooLarge(index, len(text), 20)
        self.given.append([*texts])
        return super().prepare(texts)


async def at_once[R](future: Future[R]) -> R:
    return future.result(GUARD)


@pytest.fixture
def model() -> ShortSighted:
    return ShortSighted()


@pytest.fixture
def engine(model: ShortSighted) -> Iterator[Engine]:
    engine = Engine(lambda: model)
    engine.start().result(GUARD)
    model.given.clear()
    yield engine
    engine.close(GUARD)


def test_chunks_are_read_under_their_title_a_few_at_a_time(
    engine: Engine, model: ShortSighted
) -> None:
    chunks = [str(n) for n in range(CHUNKS_A_REQUEST + 1)]
    indexing = Indexing("T", chunks)
    vectors = asyncio.run(indexing.run(engine, at_once))
    assert model.given == [[f"T\n\n{n}" for n in range(CHUNKS_A_REQUEST)], ["T\n\n16"]]
    assert vectors.shape == (len(chunks), 2)
    assert np.allclose(vectors, model.vectors([text for each in model.given for text in each]))
    assert (indexing.chunks, indexing.tokens) == (chunks, 2 * len(chunks))


def test_what_is_too_long_is_halved_until_it_fits(engine: Engine) -> None:
    indexing = Indexing("T", ["short", "one two three four five six", "end"])
    vectors = asyncio.run(indexing.run(engine, at_once))
    assert indexing.chunks == ["short", "one two three", "four five six", "end"]
    assert len(vectors) == 4


def test_a_title_that_is_too_long_is_no_endless_cutting(engine: Engine) -> None:
    with pytest.raises(InputTooLarge):
        asyncio.run(Indexing("a title of more than twenty", ["text"]).run(engine, at_once))


def test_a_digest_tells_apart_what_differs() -> None:
    digests = {
        PutDocument(title=title, text=text, url=url).digest()
        for title, text, url in [
            ("a", "b", None),
            ("b", "a", None),
            ("a b", "b", None),
            ("a", "b", "http://c"),
        ]
    }
    assert len(digests) == 4
    assert all(len(digest) == 64 for digest in digests)


class Sink:
    def __init__(self) -> None:
        self.recorded: list[Usage] = []

    async def record(self, usage: Usage) -> None:
        self.recorded.append(usage)


@pytest.mark.parametrize(
    ("failure", "status"), [(CallerLeft(), CLIENT_LEFT), (ZeroDivisionError(), 500)]
)
def test_what_was_read_before_a_failure_is_put_down_and_nothing_kept(
    failure: Exception, status: int
) -> None:
    engine = Engine(MadeUpEmbedder)
    engine.start().result(GUARD)
    waits = iter([at_once])
    store, sink = create_autospec(ChunkStore), Sink()
    store.get.return_value = None

    async def fail_after_the_first[R](future: Future[R], /) -> R:
        for wait in waits:
            return await wait(future)
        raise failure

    documents = Documents(store, engine, sink, fail_after_the_first, "ak_1")
    text = "\n\n".join(["word " * 100] * (CHUNKS_A_REQUEST + 1))
    with pytest.raises(type(failure)):
        asyncio.run(documents.put("long", PutDocument(title="T", text=text)))
    engine.close(GUARD)
    (usage,) = sink.recorded
    assert (usage.operation, usage.status) == ("documents", status)
    assert usage.input_tokens == CHUNKS_A_REQUEST * 101
    store.put.assert_not_called()
