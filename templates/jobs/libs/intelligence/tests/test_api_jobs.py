"""Jobs without storage, on a made-up model."""

from collections.abc import Iterator, Sequence

import pytest
from pydantic import ValidationError

from intelligence.api import inference, jobs
from intelligence.api.asking import InvalidInput, UnknownModel
from intelligence.engine import Engine
from intelligence.errors import InferenceFailed, InputRefused, InputTooLarge
from intelligence.testing.embedder import MadeUpEmbedder, Read

GUARD = 10.0  # seconds, against a hang
TEXTS = [f"text {'x' * index}" for index in range(2 * jobs.PART + 1)]
LABELS = ["a payment", "a delivery"]
TOO_LONG = "too long"


class ShortModel(MadeUpEmbedder):
    def prepare(self, texts: Sequence[str]) -> Read:
        if TOO_LONG in texts:
            raise InputTooLarge(texts.index(TOO_LONG), 9, 8)
        return super().prepare(texts)


@pytest.fixture(scope="module")
def engine() -> Iterator[Engine]:
    engine = Engine(ShortModel)
    engine.start().result(GUARD)
    yield engine
    engine.close(GUARD)


def embeddings(texts: Sequence[str], **more: object) -> jobs.EmbeddingsJob:
    body = {"kind": "embeddings", "model": "made-up", "input": texts, **more}
    request = jobs.REQUEST.validate_python(body)
    assert isinstance(request, jobs.EmbeddingsJob)
    return request


def classify(texts: Sequence[str]) -> jobs.ClassifyJob:
    body = {"kind": "classify", "texts": texts, "labels": LABELS}
    request = jobs.REQUEST.validate_python(body)
    assert isinstance(request, jobs.ClassifyJob)
    return request


def worked_on(request: jobs.JobRequest, engine: Engine) -> jobs.Answer:
    parts = []
    for start in range(0, request.total, jobs.PART):
        running = request.begin(engine, start)
        parts.append(running.answer(running.future.result(GUARD)))  # type: ignore[arg-type]
    return request.whole(parts)  # type: ignore[arg-type]


def test_the_parts_of_a_job_make_one_answer_to_all_texts(engine: Engine) -> None:
    answer = worked_on(embeddings(TEXTS), engine)
    assert isinstance(answer, inference.EmbeddingsResponse)
    assert [each.index for each in answer.data] == list(range(len(TEXTS)))
    expected = engine.embed(TEXTS).result(GUARD)
    assert [each.embedding for each in answer.data] == expected.vectors.tolist()
    assert answer.usage.total_tokens == expected.tokens
    assert answer.model == "made-up"


def test_texts_are_classified_as_in_one_call(engine: Engine) -> None:
    answer = worked_on(classify(TEXTS), engine)
    assert isinstance(answer, inference.ClassifyResponse)
    assert [each.index for each in answer.data] == list(range(len(TEXTS)))
    expected = engine.classify(TEXTS, LABELS).result(GUARD).scores.tolist()
    scores = [{score.label: score.score for score in each.scores} for each in answer.data]
    assert scores == [dict(zip(LABELS, row, strict=True)) for row in expected]


@pytest.mark.parametrize("request_of", [embeddings, classify])
def test_what_the_model_does_not_read_is_named_by_its_place_in_the_job(
    request_of: type, engine: Engine
) -> None:
    request = request_of([*TEXTS, TOO_LONG])
    running = request.begin(engine, 2 * jobs.PART)
    with pytest.raises(InputRefused) as refusal:
        running.future.result(GUARD)
    error = jobs.refused(running, refusal.value, 2 * jobs.PART)
    problem = jobs.verdict(error)
    assert problem is not None
    assert problem.errors is not None
    assert problem.status == 422
    field = "input" if request.kind == "embeddings" else "texts"
    assert problem.errors[0].location == ["body", field, len(TEXTS)]


def test_a_label_stands_where_it_stood(engine: Engine) -> None:
    request = classify(TEXTS)
    running = request.begin(engine, jobs.PART)
    index = jobs.PART + 1  # behind the texts of the part
    assert jobs.refused(running, InputTooLarge(index, 9, 8), jobs.PART).location == ("labels", 1)


def test_a_job_is_checked_like_a_call(engine: Engine) -> None:
    with pytest.raises(UnknownModel):
        embeddings(["a"], model="another").check(engine)
    with pytest.raises(InvalidInput):
        embeddings(["a"], dimensions=3).check(engine)
    embeddings(["a"], dimensions=2).check(engine)
    classify(["a"]).check(engine)


@pytest.mark.parametrize(
    "body",
    [
        {"kind": "similar", "query": "a", "documents": ["b"]},
        {"kind": "embeddings", "model": "made-up", "input": ["a"] * (jobs.MAX_INPUTS + 1)},
        {"kind": "embeddings", "model": "made-up", "input": []},
        {"kind": "embeddings", "model": "made-up", "input": [[1, 2]]},
        {"kind": "classify", "texts": ["a"] * (jobs.MAX_INPUTS + 1), "labels": LABELS},
        {"kind": "classify", "texts": ["a"], "labels": ["b", "b"]},
        {"kind": "classify", "texts": ["a"], "labels": LABELS, "more": 1},
    ],
)
def test_a_body_is_as_that_of_the_call(body: object) -> None:
    with pytest.raises(ValidationError):
        jobs.REQUEST.validate_python(body)


def test_what_asks_for_the_same_has_the_same_digest() -> None:
    one, written_out = embeddings(["a"]), embeddings(["a"], encoding_format="float")
    assert jobs.digest(one) == jobs.digest(written_out)
    assert jobs.digest(one) != jobs.digest(embeddings(["b"]))
    assert jobs.digest(classify(["a"])) != jobs.digest(one)


def test_only_what_would_fail_each_time_fails_at_once() -> None:
    unknown = jobs.verdict(UnknownModel("there is no such model"))
    assert unknown is not None
    assert unknown.status == 404
    assert jobs.verdict(InferenceFailed(7)) is None
    assert jobs.verdict(OSError()) is None


def test_pauses_grow_to_a_bound_and_differ() -> None:
    pauses = [[jobs.pause(failures) for _ in range(200)] for failures in (1, 4, 50)]
    for most, of_one in zip((2, 16, jobs.LONGEST_PAUSE), pauses, strict=True):
        assert most / 2 < max(of_one) <= most
        assert min(of_one) < most / 2


def test_ids_sort_by_time_and_cannot_be_guessed() -> None:
    ids = [jobs.new_id() for _ in range(100)]
    assert len(set(ids)) == 100
    assert [each[:16] for each in ids] == sorted(each[:16] for each in ids)
