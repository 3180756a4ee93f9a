"""The inference API without HTTP, on a made-up model."""

import base64
from collections.abc import Iterator, Sequence

import numpy as np
import pytest
from pydantic import ValidationError

from intelligence.api import inference as api
from intelligence.api.asking import InvalidInput, Location, UnknownModel
from intelligence.engine import Engine
from intelligence.errors import InputRefused, InputTooLarge
from intelligence.ports import Matrix
from intelligence.testing.embedder import MadeUpEmbedder, Read

GUARD = 10.0  # seconds, against a hang


class PointingModel(MadeUpEmbedder):
    """A text points to the axis of its length; four characters are more than it reads."""

    model = "pointing"
    dimensions = 4

    def prepare(self, texts: Sequence[str]) -> Read:
        lengths = [len(text) for text in texts]
        if 4 in lengths:
            raise InputTooLarge(lengths.index(4), 9, 8)
        return super().prepare(texts)

    def vectors(self, texts: Sequence[str]) -> Matrix:
        return np.eye(6, 4, dtype=np.float32)[[min(len(text), 5) for text in texts]]


@pytest.fixture(scope="module")
def engine() -> Iterator[Engine]:
    engine = Engine(PointingModel)
    engine.start().result(GUARD)
    yield engine
    engine.close(GUARD)


def test_one_text_stands_for_a_list_of_one(engine: Engine) -> None:
    body = api.EmbeddingsRequest.model_validate({"model": "pointing", "input": "a"})
    running = api.embed(engine, body)
    answer = running.answer(running.future.result(GUARD))
    assert answer.model_dump() == {
        "object": "list",
        "data": [{"object": "embedding", "index": 0, "embedding": [0, 1, 0, 0]}],
        "model": "pointing",
        "usage": {"prompt_tokens": 1, "total_tokens": 1},
    }


def test_base64_is_of_little_endian_floats(engine: Engine) -> None:
    body = api.EmbeddingsRequest(model="pointing", input=["bb"], encoding_format="base64")
    running = api.embed(engine, body)
    (only,) = running.answer(running.future.result(GUARD)).data
    assert only.embedding == base64.b64encode(np.array([0, 0, 1, 0], "<f4").tobytes()).decode()


def test_what_does_not_fit_the_model_is_not_run(engine: Engine) -> None:
    with pytest.raises(UnknownModel, match="only 'pointing'"):
        api.embed(engine, api.EmbeddingsRequest(model="another", input=["a"]))
    with pytest.raises(InvalidInput, match="has 4") as refused:
        api.embed(engine, api.EmbeddingsRequest(model="pointing", input=["a"], dimensions=3))
    assert refused.value.location == ("dimensions",)


def test_labels_are_the_best_first(engine: Engine) -> None:
    """Each label is read within a sentence that is longer than any text here."""
    body = api.ClassifyRequest(texts=["a"], labels=["one", "two"])
    running = api.classify(engine, body)
    (only,) = running.answer(running.future.result(GUARD)).data
    assert [each.label for each in only.scores] == ["two", "one"]
    assert [each.score for each in only.scores] == [0.5, 0.5]


def test_the_nearest_documents_are_the_best_first(engine: Engine) -> None:
    body = api.SimilarRequest(query="a", documents=["bb", "a", "ccc"], top_k=2)
    running = api.similar(engine, body)
    answer = running.answer(running.future.result(GUARD))
    assert [(each.index, each.score) for each in answer.data] == [(1, 1), (0, 0)]


@pytest.mark.parametrize(
    ("query", "documents", "place"),
    [("four", ["a"], ("query",)), ("a", ["bb", "four"], ("documents", 1))],
)
def test_a_text_that_is_too_long_for_the_model_is_found_in_the_body(
    engine: Engine, query: str, documents: list[str], place: Location
) -> None:
    running = api.similar(engine, api.SimilarRequest(query=query, documents=documents, top_k=1))
    with pytest.raises(InputTooLarge) as refused:
        running.future.result(GUARD)
    invalid = running.refused(refused.value)
    assert (invalid.location, str(invalid)) == (
        place,
        "9 tokens are more than the 8 that the model reads",
    )


@pytest.mark.parametrize(("index", "place"), [(None, ()), (1, ("documents", 0))])
def test_a_refusal_of_another_kind_keeps_its_words(
    engine: Engine, index: int | None, place: Location
) -> None:
    running = api.similar(engine, api.SimilarRequest(query="a", documents=["bb"], top_k=1))
    invalid = running.refused(InputRefused("not in this language", index))
    assert (invalid.location, str(invalid)) == (place, "not in this language")


def test_what_it_cost_is_put_down_to_the_key(engine: Engine) -> None:
    running = api.classify(engine, api.ClassifyRequest(texts=["a"], labels=["one", "two"]))
    usage = running.usage("ak_1", 3, 200)
    assert (usage.key_id, usage.operation, usage.model) == ("ak_1", "classify", "pointing")
    assert (usage.input_tokens, usage.output_tokens, usage.status) == (3, 0, 200)
    assert usage.latency_ms > 0


@pytest.mark.parametrize(
    ("field", "value", "message"),
    [
        ("input", [101, 102], "token arrays"),
        ("input", [[101]], "token arrays"),
        ("input", [], "at least 1 item"),
        ("input", ["a"] * (api.MAX_TEXTS + 1), f"at most {api.MAX_TEXTS} items"),
    ],
)
def test_token_arrays_and_too_many_texts_are_refused(
    field: str, value: object, message: str
) -> None:
    with pytest.raises(ValidationError, match=message):
        api.EmbeddingsRequest.model_validate({"model": "pointing", field: value})


def test_labels_that_repeat_are_refused() -> None:
    with pytest.raises(ValidationError, match="must differ"):
        api.ClassifyRequest(texts=["a"], labels=["same", "same"])
