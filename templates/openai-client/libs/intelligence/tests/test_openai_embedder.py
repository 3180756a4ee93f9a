import json
from collections.abc import Callable, Sequence
from typing import Any

import httpx2
import numpy as np
import pytest

from intelligence.engine import Engine
from intelligence.errors import InputRefused, ModelError, NotReady, Overloaded, SettingError
from intelligence.openai_embedder import TEXTS_A_CALL, OpenAIEmbedder, configured
from intelligence.openai_http import Client, Server
from intelligence.ports import embed

GUARD = 10.0  # seconds, against a hang
SERVER = Server("https://models.test/v1", "", 30)

type Answer = Callable[[Sequence[str]], httpx2.Response]


def answered(texts: Sequence[str]) -> dict[str, Any]:
    """Vectors that say how long the texts are, last one first."""
    data = [
        {"object": "embedding", "index": index, "embedding": [3.0 * len(text), 4.0 * len(text)]}
        for index, text in enumerate(texts)
    ]
    tokens = sum(len(text.split()) for text in texts)
    usage = {"prompt_tokens": tokens, "total_tokens": tokens}
    return {"object": "list", "data": data[::-1], "model": "its-own-name", "usage": usage}


def embedder(answer: Answer) -> OpenAIEmbedder:
    def handle(request: httpx2.Request) -> httpx2.Response:
        body = json.loads(request.content)
        assert body.keys() == {"model", "input"}
        assert body["model"] == "minilm"
        return answer(body["input"])

    client = Client(SERVER, "EMBEDDING_MODEL", transport=httpx2.MockTransport(handle))
    return OpenAIEmbedder(client, "minilm")


def altered(alter: Callable[[dict[str, Any]], object]) -> Answer:
    def answer(texts: Sequence[str]) -> httpx2.Response:
        body = answered(texts)
        alter(body)
        return httpx2.Response(200, content=json.dumps(body))

    return answer


fine = altered(lambda body: None)


def test_vectors_have_length_one_and_the_order_of_the_texts() -> None:
    asking = embedder(altered(lambda body: body["data"][0].update(embedding=[0.0, 2.0])))
    embeddings = embed(asking, ["a", "bb bb", "ccc"])
    assert embeddings.vectors.dtype == np.float32
    assert embeddings.vectors == pytest.approx(np.array([[0.6, 0.8], [0.6, 0.8], [0, 1]]))
    assert (embeddings.tokens, embeddings.model) == (4, "minilm")


def test_dimensions_are_known_from_the_first_run() -> None:
    asking = embedder(fine)
    with pytest.raises(NotReady):
        _ = asking.dimensions
    embed(asking, ["a"])
    assert asking.dimensions == 2


def test_the_engine_warms_it_up_and_never_merges_requests() -> None:
    calls: list[list[str]] = []

    def note(texts: Sequence[str]) -> httpx2.Response:
        calls.append(list(texts))
        return fine(texts)

    engine = Engine(lambda: embedder(note))
    engine.start().result(GUARD)
    assert (engine.model, engine.dimensions) == ("minilm", 2)
    futures = [engine.embed([text]) for text in ("a", "b", "c")]
    assert [future.result(GUARD).tokens for future in futures] == [1, 1, 1]
    engine.close(GUARD)
    assert sorted(calls) == [["a"], ["b"], ["c"], ["warm up"]]


def test_many_texts_are_asked_in_several_calls() -> None:
    sizes: list[int] = []

    def note(texts: Sequence[str]) -> httpx2.Response:
        sizes.append(len(texts))
        return fine(texts)

    texts = ["one two"] * (TEXTS_A_CALL + 1)
    embeddings = embed(embedder(note), texts)
    assert sizes == [TEXTS_A_CALL, 1]
    assert embeddings.vectors.shape == (TEXTS_A_CALL + 1, 2)
    assert embeddings.tokens == 2 * len(texts)


@pytest.mark.parametrize(
    "alter",
    [
        lambda body: body.pop("data"),
        lambda body: body.update(data=None),
        lambda body: body["data"].pop(),
        lambda body: body["data"].append(body["data"][0]),
        lambda body: body["data"][0].update(index=7),
        lambda body: body["data"][0].update(index=0),
        lambda body: body["data"][0].pop("embedding"),
        lambda body: body["data"][0].update(embedding=[1.0]),
        lambda body: body["data"][0].update(embedding="AACAPwAAAEA="),
        lambda body: body["data"][0].update(embedding=[[1.0], [2.0]]),
        lambda body: body["data"][0].update(embedding=[1.0, float("nan")]),
        lambda body: body["data"][0].update(embedding=[1.0, float("inf")]),
        lambda body: body["data"][0].update(embedding=[1.0, None]),
        lambda body: body["data"][0].update(embedding=[1e300, 1e300]),
        lambda body: body["data"][0].update(embedding=[0.0, 0.0]),
        lambda body: [each.update(embedding=1.0) for each in body["data"]],
        lambda body: [each.update(embedding=[]) for each in body["data"]],
        lambda body: body.pop("usage"),
        lambda body: body["usage"].update(prompt_tokens="7"),
    ],
)
def test_an_answer_that_is_not_what_was_asked_for_is_refused(
    alter: Callable[[dict[str, Any]], object],
) -> None:
    with pytest.raises(ModelError, match=r"^OPENAI_BASE_URL: .*; is it the address") as caught:
        embed(embedder(altered(alter)), ["secret text", "another"])
    assert "secret" not in str(caught.value)


@pytest.mark.parametrize("answer", [[], "text", None, 1])
def test_an_answer_of_another_shape_is_refused(answer: object) -> None:
    with pytest.raises(ModelError, match=r"^OPENAI_BASE_URL"):
        embed(embedder(lambda _: httpx2.Response(200, content=json.dumps(answer))), ["a"])


def test_vectors_of_another_model_are_not_mixed_in() -> None:
    lengths = iter([2, 3])

    def change(body: dict[str, Any]) -> None:
        body["data"][0].update(embedding=[1.0] * next(lengths))

    asking = embedder(altered(change))
    embed(asking, ["a"])
    with pytest.raises(ModelError, match="vectors of 3 numbers, not 2"):
        embed(asking, ["a"])


@pytest.mark.parametrize(
    ("place", "index"), [(0, TEXTS_A_CALL), (1, TEXTS_A_CALL + 1), (2, None), (-1, None)]
)
def test_a_refused_text_is_found_among_all(place: int, index: int | None) -> None:
    def refuse_the_second_call(texts: Sequence[str]) -> httpx2.Response:
        if len(texts) == TEXTS_A_CALL:
            return fine(texts)
        violation = {"location": ["body", "input", place], "message": "too long"}
        return httpx2.Response(422, json={"errors": [violation]})

    with pytest.raises(InputRefused, match=r"^too long$") as caught:
        embed(embedder(refuse_the_second_call), ["text"] * (TEXTS_A_CALL + 2))
    assert caught.value.index == index


@pytest.mark.parametrize("text", ["hunter2", "a long text whose beginning is enough to know it"])
def test_a_refusal_that_repeats_the_input_is_put_in_other_words(text: str) -> None:
    said = {"error": {"message": f"cannot read '{text[:30]}'"}}
    with pytest.raises(InputRefused, match=r"^the model does not read this input$") as caught:
        embed(embedder(lambda _: httpx2.Response(400, json=said)), [text])
    assert caught.value.__cause__ is None


def test_a_server_that_is_away_is_an_overload_to_who_asked_and_heals() -> None:
    away = httpx2.Response(500)
    replies = iter([None, away, None])

    def answer(texts: Sequence[str]) -> httpx2.Response:
        return next(replies) or fine(texts)

    engine = Engine(lambda: embedder(answer))
    engine.start().result(GUARD)
    with pytest.raises(Overloaded, match="not available"):
        engine.embed(["a"]).result(GUARD)
    assert engine.ready
    assert engine.embed(["a"]).result(GUARD).tokens == 1
    engine.close(GUARD)


def test_the_environment_names_the_model() -> None:
    assert configured(SERVER, {"EMBEDDING_MODEL": "minilm"})().model == "minilm"
    with pytest.raises(SettingError, match=r"^EMBEDDING_MODEL must be"):
        configured(SERVER, {"EMBEDDING_MODEL": ""})
