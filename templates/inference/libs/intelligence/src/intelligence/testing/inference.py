"""What `/v1/embeddings`, `/v1/classify` and `/v1/similar` promise, on the real model.

`InferenceContract` holds on every backend. Overload and breakdown are made in a model of this
process: `OverloadContract`.
"""

import base64
import json
import os
import threading
from collections.abc import Iterator, Sequence
from concurrent.futures import Future
from dataclasses import dataclass
from typing import Any

import numpy as np
import pytest

from intelligence import backend, embedded
from intelligence.api.asking import MAX_CHARACTERS
from intelligence.api.inference import MAX_BODY, MAX_LABELS, MAX_TEXTS
from intelligence.api.rate_limits import RateLimits
from intelligence.embedded import OnnxEmbedder, Tokenized
from intelligence.engine import Engine
from intelligence.errors import InputTooLarge
from intelligence.ports import Embedder, Embeddings, embed
from intelligence.testing.edge import GUARD, Answer, Edge, busy
from intelligence.usage import Usage

MODEL = "all-minilm-l6-v2-int8"
REQUESTS: dict[str, dict[str, Any]] = {
    "embeddings": {"model": MODEL, "input": "hello world"},
    "classify": {
        "texts": ["My card was charged twice."],
        "labels": ["a delivery", "a payment"],
    },
    "similar": {
        "query": "How do I get my money back?",
        "documents": ["We open at nine.", "Refunds take five business days."],
        "top_k": 1,
    },
}
HALF_A_SURROGATE_PAIR = b'{"query": "\\ud800", "documents": ["fine"]}'


@dataclass(frozen=True, slots=True)
class Caller:
    """Calls an edge with an API key of its own."""

    edge: Edge
    key: str

    def send(self, operation: str, content: bytes) -> Answer:
        headers = {"Authorization": f"Bearer {self.key}", "Content-Type": "application/json"}
        return self.edge.call("POST", f"/v1/{operation}", content, headers)

    def post(self, operation: str, **changes: object) -> Answer:
        """Sends an operation's request with `changes` to its body."""
        return self.send(operation, json.dumps(REQUESTS[operation] | changes).encode())

    def recorded(self) -> Sequence[Usage]:
        return self.edge.recorded(self.key)


class Contract:
    """The fixture `edge` is not here: a service on `engine`, started, with `limits`."""

    @pytest.fixture(scope="class")
    @classmethod
    def model(cls) -> OnnxEmbedder:
        return embedded.load()

    @pytest.fixture
    def limits(self) -> RateLimits:
        """What the edge lets a key send."""
        return RateLimits(0)

    @pytest.fixture
    def caller(self, edge: Edge) -> Caller:
        return Caller(edge, edge.issue_key("inference"))


class InferenceContract(Contract):
    """Inherit it and give the fixture `edge`.

    The backend is the one that settings with TEST_ in front ask for, by default the embedded one.
    Whichever it is, it answers with the shipped model.
    """

    @pytest.fixture(scope="class")
    @classmethod
    def backend(cls) -> Embedder[Any]:
        test = {name for name in os.environ if name.startswith("TEST_")}
        return backend.configured({name[len("TEST_") :]: os.environ[name] for name in test})()

    @pytest.fixture
    def engine(self, backend: Embedder[Any]) -> Iterator[Engine]:
        engine = Engine(lambda: backend)
        yield engine
        engine.close(GUARD)

    def test_embeddings_are_those_of_the_model(self, caller: Caller, model: OnnxEmbedder) -> None:
        texts = ["hello world", "Where is my parcel?"]
        answer = caller.post("embeddings", input=texts)
        assert (answer.status, answer.headers["Content-Type"]) == (200, "application/json")
        body = answer.json()
        expected = embed(model, texts)
        vectors = [each.pop("embedding") for each in body["data"]]
        assert np.allclose(vectors, expected.vectors, atol=1e-5)
        assert body == {
            "object": "list",
            "data": [{"object": "embedding", "index": 0}, {"object": "embedding", "index": 1}],
            "model": MODEL,
            "usage": {"prompt_tokens": expected.tokens, "total_tokens": expected.tokens},
        }

    def test_base64_holds_the_same_floats(self, caller: Caller) -> None:
        plain, encoded = (
            caller.post("embeddings", **options).json()["data"][0]["embedding"]
            for options in ({}, {"encoding_format": "base64"})
        )
        assert np.allclose(np.frombuffer(base64.b64decode(encoded), "<f4"), plain, atol=1e-5)

    def test_openai_options_that_change_nothing_are_taken(self, caller: Caller) -> None:
        answer = caller.post("embeddings", dimensions=384, user="u-1", encoding_format="float")
        assert answer.status == 200

    def test_another_model_is_not_found(self, caller: Caller) -> None:
        answer = caller.post("embeddings", model="text-embedding-3-small")
        answer.is_problem(404, "Not Found")
        assert MODEL in answer.json()["detail"]
        assert caller.recorded() == []

    def test_classification_puts_the_fitting_label_first(self, caller: Caller) -> None:
        answer = caller.post("classify")
        assert answer.status == 200
        body = answer.json()
        (result,) = body.pop("data")
        assert body.keys() == {"model", "usage"}
        assert result["index"] == 0
        assert [each["label"] for each in result["scores"]] == ["a payment", "a delivery"]
        assert sum(each["score"] for each in result["scores"]) == pytest.approx(1, abs=1e-5)

    def test_the_nearest_document_is_found(self, caller: Caller) -> None:
        answer = caller.post("similar")
        assert answer.status == 200
        body = answer.json()
        (neighbour,) = body.pop("data")
        assert body.keys() == {"model", "usage"}
        assert neighbour["index"] == 1
        assert 0 < neighbour["score"] <= 1

    @pytest.mark.parametrize(
        ("operation", "changes", "location"),
        [
            ("embeddings", {"input": ""}, ["input", 0]),
            ("embeddings", {"input": []}, ["input"]),
            ("embeddings", {"input": ["a"] * (MAX_TEXTS + 1)}, ["input"]),
            ("embeddings", {"input": "a" * (MAX_CHARACTERS + 1)}, ["input", 0]),
            ("embeddings", {"input": ["fine", "word " * 300]}, ["input", 1]),
            ("embeddings", {"input": [101, 102]}, ["input"]),
            ("embeddings", {"input": [[101], [102]]}, ["input"]),
            ("embeddings", {"dimensions": 256}, ["dimensions"]),
            ("embeddings", {"encoding_format": "hex"}, ["encoding_format"]),
            ("classify", {"texts": ["word " * 300]}, ["texts", 0]),
            ("classify", {"labels": ["one"]}, ["labels"]),
            ("classify", {"labels": ["same", "same"]}, ["labels"]),
            ("classify", {"labels": [str(n) for n in range(MAX_LABELS + 1)]}, ["labels"]),
            ("classify", {"label": "misspelt"}, ["label"]),
            ("similar", {"query": "word " * 300}, ["query"]),
            ("similar", {"documents": ["fine", "word " * 300]}, ["documents", 1]),
            ("similar", {"top_k": 0}, ["top_k"]),
        ],
    )
    def test_what_cannot_be_computed_is_refused_by_place_and_costs_nothing(
        self, caller: Caller, operation: str, changes: dict[str, Any], location: list[str | int]
    ) -> None:
        answer = caller.post(operation, **changes)
        answer.is_problem(422, "Unprocessable Content")
        assert [error["location"] for error in answer.json()["errors"]] == [["body", *location]]
        assert caller.recorded() == []

    def test_a_body_that_is_no_object_is_refused_as_a_whole(self, caller: Caller) -> None:
        answer = caller.send("classify", b"[]")
        answer.is_problem(422, "Unprocessable Content")
        assert [error["location"] for error in answer.json()["errors"]] == [["body"]]

    def test_input_is_not_repeated(self, caller: Caller) -> None:
        answer = caller.post("similar", top_k="hunter2", password="hunter2")
        assert len(answer.json()["errors"]) == 2
        assert b"hunter2" not in answer.content

    def test_half_a_surrogate_pair_is_no_text(self, caller: Caller) -> None:
        answer = caller.send("similar", HALF_A_SURROGATE_PAIR)
        answer.is_problem(422, "Unprocessable Content")
        assert answer.json()["errors"][0]["location"] == ["body", "query"]

    def test_a_token_array_is_refused_in_so_many_words(self, caller: Caller) -> None:
        answer = caller.post("embeddings", input=[101, 102])
        assert "token arrays cannot be read" in answer.json()["errors"][0]["message"]

    def test_a_body_that_is_no_json_is_a_bad_request(self, caller: Caller) -> None:
        answer = caller.send("similar", b'{"query": ')
        answer.is_problem(400, "Bad Request")
        assert answer.json()["detail"] == "the body is not valid JSON"

    def test_a_body_up_to_the_limit_is_read_and_none_beyond(self, caller: Caller) -> None:
        content = json.dumps(REQUESTS["similar"]).encode()
        assert caller.send("similar", content.ljust(MAX_BODY)).status == 200
        caller.send("similar", content.ljust(MAX_BODY + 1)).is_problem(413, "Content Too Large")

    @pytest.mark.parametrize("operation", REQUESTS)
    @pytest.mark.parametrize("authorization", [None, "", "Bearer", "Basic dTpw"])
    def test_without_a_key_nothing_is_computed(
        self, edge: Edge, operation: str, authorization: str | None
    ) -> None:
        headers = {"Content-Type": "application/json"}
        if authorization is not None:
            headers["Authorization"] = authorization
        content = json.dumps(REQUESTS[operation]).encode()
        answer = edge.call("POST", f"/v1/{operation}", content, headers)
        answer.is_problem(401, "Unauthorized")
        assert answer.headers["WWW-Authenticate"] == "Bearer"
        assert answer.json()["detail"] == "this needs an API key"

    def test_the_model_is_listed(self, edge: Edge, caller: Caller) -> None:
        answer = edge.call("GET", "/v1/models", headers={"Authorization": f"Bearer {caller.key}"})
        assert MODEL in {model["id"] for model in answer.json()["data"]}

    @pytest.mark.parametrize("operation", REQUESTS)
    def test_an_unknown_key_is_refused(self, edge: Edge, operation: str) -> None:
        answer = Caller(edge, "ak_0123456789ab_unknown").post(operation)
        answer.is_problem(401, "Unauthorized")
        assert answer.headers["WWW-Authenticate"] == 'Bearer error="invalid_token"'

    @pytest.mark.parametrize("operation", REQUESTS)
    def test_a_key_without_the_scope_is_forbidden(self, edge: Edge, operation: str) -> None:
        answer = Caller(edge, edge.issue_key("other")).post(operation)
        answer.is_problem(403, "Forbidden")
        assert answer.headers["WWW-Authenticate"] == 'Bearer error="insufficient_scope"'

    @pytest.mark.parametrize("operation", REQUESTS)
    def test_usage_is_put_down_to_the_key(self, caller: Caller, operation: str) -> None:
        answer = caller.post(operation)
        (usage,) = caller.recorded()
        assert (usage.operation, usage.model, usage.status) == (operation, MODEL, 200)
        assert usage.input_tokens == answer.json()["usage"]["total_tokens"] > 0
        assert usage.output_tokens == 0
        assert usage.latency_ms > 0


class OverloadContract(Contract):
    """Inherit it and give the fixture `edge`."""

    @pytest.fixture
    def engine(self, model: OnnxEmbedder) -> Iterator[Engine]:
        engine = Engine(lambda: model, max_queue=2)
        yield engine
        engine.close(GUARD)

    def test_a_label_that_is_too_long_for_the_model_is_named(
        self, caller: Caller, model: OnnxEmbedder, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        def refuse(texts: Sequence[str]) -> Tokenized:
            raise InputTooLarge(index=2, tokens=300, limit=256)

        monkeypatch.setattr(model, "prepare", refuse)
        assert caller.post("classify").json()["errors"] == [
            {
                "location": ["body", "labels", 1],
                "message": "300 tokens are more than the 256 that the model reads",
            }
        ]

    @pytest.mark.parametrize("operation", REQUESTS)
    def test_a_run_that_failed_is_put_down_too(
        self,
        caller: Caller,
        model: OnnxEmbedder,
        monkeypatch: pytest.MonkeyPatch,
        operation: str,
    ) -> None:
        def fail(batch: Sequence[Tokenized]) -> list[Embeddings]:
            raise RuntimeError("out of memory")

        cost = caller.post(operation).json()["usage"]["total_tokens"]
        monkeypatch.setattr(model, "run", fail)
        answer = caller.post(operation)
        answer.is_problem(500, "Internal Server Error")
        assert "detail" not in answer.json()
        _, usage = caller.recorded()
        assert (usage.operation, usage.input_tokens, usage.status) == (operation, cost, 500)

    @pytest.mark.parametrize("operation", REQUESTS)
    def test_a_full_queue_is_503_and_says_when_to_come_back(
        self, caller: Caller, engine: Engine, model: OnnxEmbedder, operation: str
    ) -> None:
        with busy(engine, model, "first", "second"):
            answer = caller.post(operation)
        answer.is_problem(503, "Service Unavailable")
        assert answer.headers["Retry-After"] == "1"
        assert caller.recorded() == []
        assert caller.post(operation).status == 200

    def test_a_full_queue_refuses_before_the_body_is_read_and_the_key_looked_up(
        self, edge: Edge, engine: Engine, model: OnnxEmbedder
    ) -> None:
        with busy(engine, model, "first", "second"):
            answer = edge.call("POST", "/v1/similar", b"{", {"Content-Type": "application/json"})
        answer.is_problem(503, "Service Unavailable")

    @pytest.mark.parametrize("operation", REQUESTS)
    def test_what_waits_too_long_is_503_and_never_run(
        self,
        caller: Caller,
        engine: Engine,
        model: OnnxEmbedder,
        monkeypatch: pytest.MonkeyPatch,
        operation: str,
    ) -> None:
        with busy(engine, model):
            monkeypatch.setattr(engine, "timeout", 0.01)
            answer = caller.post(operation)
        answer.is_problem(503, "Service Unavailable")
        assert answer.headers["Retry-After"] == "1"
        assert "in 0.01 s" in answer.json()["detail"]
        assert caller.recorded() == []
        monkeypatch.undo()
        engine.embed(["next"]).result(GUARD)
        assert engine.batched == 2  # what kept the model busy, and the next

    def test_what_runs_at_its_deadline_is_answered_and_put_down(
        self,
        caller: Caller,
        engine: Engine,
        model: OnnxEmbedder,
        monkeypatch: pytest.MonkeyPatch,
    ) -> None:
        """The deadline passes when the run has begun; the run ends when the edge has tried to
        cancel it."""
        entered, tried = threading.Event(), threading.Event()
        run, submit, cancel = model.run, engine.embed, Future.cancel

        def wait(batch: Sequence[Tokenized]) -> list[Embeddings]:
            entered.set()
            assert tried.wait(GUARD)
            return run(batch)

        def submit_and_pass(texts: Sequence[str]) -> Future[Embeddings]:
            future = submit(texts)
            assert entered.wait(GUARD)
            engine.timeout = 0
            return future

        def try_to_cancel(future: Future[Embeddings]) -> bool:
            cancelled = cancel(future)
            tried.set()
            return cancelled

        monkeypatch.setattr(model, "run", wait)
        monkeypatch.setattr(engine, "embed", submit_and_pass)
        monkeypatch.setattr(Future, "cancel", try_to_cancel)
        assert caller.post("embeddings").status == 200
        (usage,) = caller.recorded()
        assert (usage.input_tokens, usage.status) == (4, 200)

    def test_requests_that_share_a_run_get_each_its_own(
        self,
        caller: Caller,
        engine: Engine,
        model: OnnxEmbedder,
        monkeypatch: pytest.MonkeyPatch,
    ) -> None:
        """The neighbour in the queue is longer; the run before ends when both are in it."""
        submit = engine.embed
        with busy(engine, model, "Here is a longer text than that of the caller.") as leave:

            def submit_and_leave(texts: Sequence[str]) -> Future[Embeddings]:
                future = submit(texts)
                leave.set()
                return future

            monkeypatch.setattr(engine, "embed", submit_and_leave)
            body = caller.post("embeddings").json()
        expected = embed(model, ["hello world"])
        assert np.allclose(body["data"][0]["embedding"], expected.vectors[0], atol=1e-5)
        assert body["usage"]["total_tokens"] == expected.tokens
        assert (engine.batches, engine.batched) == (2, 3)

    @pytest.mark.parametrize("operation", REQUESTS)
    def test_a_closed_engine_is_503(self, caller: Caller, engine: Engine, operation: str) -> None:
        engine.close(GUARD)
        answer = caller.post(operation)
        answer.is_problem(503, "Service Unavailable")
        assert answer.headers["Retry-After"] == "1"
        assert caller.recorded() == []


class RateLimitContract(Contract):
    """Inherit it and give the fixture `edge`."""

    @pytest.fixture
    def engine(self, model: OnnxEmbedder) -> Iterator[Engine]:
        engine = Engine(lambda: model, max_queue=1)
        yield engine
        engine.close(GUARD)

    @pytest.fixture
    def clock(self) -> list[float]:
        """Its last entry is the time, in seconds."""
        return [0.0]

    @pytest.fixture
    def limits(self, clock: list[float]) -> RateLimits:
        return RateLimits(2, lambda: clock[-1])

    @pytest.mark.parametrize("operation", REQUESTS)
    def test_a_key_that_sends_too_much_is_429_until_it_has_waited(
        self, edge: Edge, caller: Caller, clock: list[float], operation: str
    ) -> None:
        assert [caller.post(operation).status for _ in range(2)] == [200, 200]
        answer = caller.post(operation)
        answer.is_problem(429, "Too Many Requests")
        assert answer.headers["Retry-After"] == "30"
        assert answer.json()["detail"] == "more than 2 requests a minute with this API key"
        assert len(caller.recorded()) == 2
        assert Caller(edge, edge.issue_key("inference")).post(operation).status == 200
        clock.append(30.0)
        assert [caller.post(operation).status for _ in range(2)] == [200, 429]

    def test_what_is_refused_for_another_reason_first_is_not_counted(
        self, edge: Edge, caller: Caller, engine: Engine, model: OnnxEmbedder
    ) -> None:
        other = Caller(edge, edge.issue_key("other"))
        assert [other.post("similar").status for _ in range(3)] == [403, 403, 403]
        with busy(engine, model, "waiting"):
            assert [caller.post("similar").status for _ in range(3)] == [503, 503, 503]
        assert [caller.post("similar").status for _ in range(3)] == [200, 200, 429]
        with busy(engine, model, "waiting"):
            assert caller.post("similar").status == 503
