"""An edge as its callers and its operator see it: what the suites of every API stand on."""

import json
import threading
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any, Protocol

import numpy as np
import pytest

from intelligence.embedded import OnnxEmbedder, Tokenized
from intelligence.engine import Engine
from intelligence.ports import Embeddings, embed
from intelligence.usage import Usage

GUARD = 10.0  # seconds, against a hang
NONE: Mapping[str, str] = MappingProxyType({})


@dataclass(frozen=True, slots=True)
class Answer:
    """Names of headers are looked up in any case."""

    status: int
    headers: Mapping[str, str]
    content: bytes

    def json(self) -> Any:
        return json.loads(self.content)

    def is_problem(self, status: int, title: str) -> None:
        """RFC 9457; `detail` and `errors` are the test's own business."""
        assert self.headers["Content-Type"] == "application/problem+json"
        problem = self.json()
        assert (self.status, problem["status"], problem["title"]) == (status, status, title)
        assert problem["type"] == "about:blank"
        assert problem.keys() <= {"type", "title", "status", "detail", "errors"}


class Edge(Protocol):
    """A service, as its callers and its operator see it."""

    def call(
        self, method: str, path: str, content: bytes = b"", headers: Mapping[str, str] = NONE
    ) -> Answer: ...

    def issue_key(self, scope: str, name: str = "test") -> str:
        """A new API key."""
        ...

    def recorded(self, key: str) -> Sequence[Usage]:
        """What was put down to the key, oldest first."""
        ...


@contextmanager
def busy(engine: Engine, model: OnnxEmbedder, *texts: str) -> Iterator[threading.Event]:
    """One run that ends with the block, or with the event; behind it a request for each text.

    All are served in the end, each with the vector of its text.
    """
    entered, leave, run = threading.Event(), threading.Event(), model.run

    def wait(batch: Sequence[Tokenized]) -> list[Embeddings]:
        entered.set()
        assert leave.wait(GUARD)
        return run(batch)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(model, "run", wait)
        futures = {"running": engine.embed(["running"])}
        assert entered.wait(GUARD)
        futures |= {text: engine.embed([text]) for text in texts}
        try:
            yield leave
        finally:
            leave.set()
        for text, future in futures.items():
            vectors = future.result(GUARD).vectors
            patch.undo()
            assert np.allclose(vectors, embed(model, [text]).vectors, atol=1e-5)
