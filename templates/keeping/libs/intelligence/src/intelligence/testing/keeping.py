"""What the suites have in common of APIs and stores that keep what the model has read."""

import json
import os
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Future
from pathlib import Path

import pytest

from intelligence import embedded
from intelligence.embedded import OnnxEmbedder, Tokenized
from intelligence.engine import Engine
from intelligence.errors import Overloaded
from intelligence.ports import Embeddings
from intelligence.testing.edge import GUARD, Answer, Edge, busy


def send(
    edge: Edge, key: str, method: str, path: str, body: object, content: bytes | None
) -> Answer:
    """A body as JSON, or `content` as it is."""
    headers = {"Authorization": f"Bearer {key}"}
    if content is None:
        content = b"" if body is None else json.dumps(body).encode()
    if content:
        headers["Content-Type"] = "application/json"
    return edge.call(method, f"/v1/{path}", content, headers)


def is_guarded(edge: Edge, method: str, path: str, body: object, other: str) -> None:
    """It takes a key, and not one of the scope `other`."""
    content = b"" if body is None else json.dumps(body).encode()
    kind = {"Content-Type": "application/json"} if content else {}
    for authorization, status, title in (
        ({}, 401, "Unauthorized"),
        ({"Authorization": "Bearer ak_0123456789ab_unknown"}, 401, "Unauthorized"),
        ({"Authorization": f"Bearer {edge.issue_key(other)}"}, 403, "Forbidden"),
    ):
        answer = edge.call(method, f"/v1/{path}", content, kind | authorization)
        answer.is_problem(status, title)
        assert answer.headers["WWW-Authenticate"].startswith("Bearer")


class OnTheModel:
    """On the shipped model, behind which two requests may wait."""

    @pytest.fixture(scope="class")
    @classmethod
    def model(cls) -> OnnxEmbedder:
        return embedded.load()

    @pytest.fixture
    def engine(self, model: OnnxEmbedder) -> Iterator[Engine]:
        engine = Engine(lambda: model, max_queue=2)
        yield engine
        engine.close(GUARD)


class Evaluated:
    """On the model in EMBEDDING_MODEL_DIR, by default the shipped one."""

    @pytest.fixture(scope="class")
    @classmethod
    def engine(cls) -> Iterator[Engine]:
        folder = os.environ.get("EMBEDDING_MODEL_DIR")
        engine = Engine(lambda: embedded.load(Path(folder) if folder else None))
        engine.start().result(GUARD)
        yield engine
        engine.close(GUARD)


async def at_once[R](future: Future[R]) -> R:
    return future.result(GUARD)


def is_full_before_it_is_read(
    send: Callable[[bytes], Answer], engine: Engine, model: OnnxEmbedder
) -> None:
    with busy(engine, model, "first", "second"):
        answer = send(b"{")
    answer.is_problem(503, "Service Unavailable")
    assert answer.headers["Retry-After"] == "1"


def second_run_fails(patch: pytest.MonkeyPatch, model: OnnxEmbedder) -> None:
    run, runs = model.run, iter(range(9))

    def fail(batch: Sequence[Tokenized]) -> list[Embeddings]:
        if next(runs) == 1:
            raise RuntimeError("out of memory")
        return run(batch)

    patch.setattr(model, "run", fail)


def second_call_finds_the_queue_full(patch: pytest.MonkeyPatch, engine: Engine) -> None:
    embed, calls = engine.embed, iter(range(9))

    def fill(texts: Sequence[str]) -> Future[Embeddings]:
        if next(calls) == 1:
            raise Overloaded("2 requests are waiting")
        return embed(texts)

    patch.setattr(engine, "embed", fill)
