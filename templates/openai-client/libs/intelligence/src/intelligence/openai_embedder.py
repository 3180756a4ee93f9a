"""Embeddings of an OpenAI-compatible server
(https://platform.openai.com/docs/api-reference/embeddings/create).

As plain numbers: base64 would be shorter, and not every server knows it.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any

import numpy as np

from intelligence.errors import InputRefused, ModelError, NotReady, SettingError
from intelligence.openai_http import CONNECTIONS, UNREAD, Client, Server, not_compatible
from intelligence.ports import Embeddings, Matrix

TEXTS_A_CALL = 64
"""What every server takes; one request may need several calls."""

QUOTED = 20
"""Characters by which a text is recognised in what the server says of it."""


@dataclass(frozen=True, slots=True)
class Unread:
    """An `intelligence.ports.Prepared`."""

    texts: Sequence[str]
    tokens: int = 0  # the server will tell


class OpenAIEmbedder:
    """An `intelligence.ports.Embedder`; `configured` makes one.

    Args:
        model: the server's name for it.
    """

    concurrency = CONNECTIONS
    batch_characters = 0  # merging is the server's affair

    def __init__(self, client: Client, model: str) -> None:
        self.model = model
        self._client = client
        self._dimensions: int | None = None

    @property
    def dimensions(self) -> int:
        """Known from the first run, which is the engine's warm-up. Raises NotReady."""
        if self._dimensions is None:
            raise NotReady("the model has not been asked yet")
        return self._dimensions

    def prepare(self, texts: Sequence[str]) -> Unread:
        return Unread(texts)

    def run(self, batch: Sequence[Unread]) -> list[Embeddings]:
        """Raises InputRefused, Unavailable and ModelError."""
        return [self._embed(request.texts) for request in batch]

    def _embed(self, texts: Sequence[str]) -> Embeddings:
        deadline = self._client.deadline()
        starts = range(0, len(texts), TEXTS_A_CALL)
        parts, tokens = zip(*(self._part(texts, start, deadline) for start in starts), strict=True)
        return Embeddings(np.concatenate(parts), sum(tokens), self.model)

    def _part(self, texts: Sequence[str], start: int, deadline: float) -> tuple[Matrix, int]:
        part = texts[start : start + TEXTS_A_CALL]
        body = {"model": self.model, "input": list(part)}
        try:
            answer = self._client.post("/embeddings", body, deadline)
        except InputRefused as error:
            index = error.index
            if index is not None:
                index = start + index if 0 <= index < len(part) else None
            raise InputRefused(_without(part, str(error)), index) from None
        vectors, tokens = self._read(answer, len(part))
        if self._dimensions is None:
            self._dimensions = vectors.shape[1]
        if vectors.shape[1] != self._dimensions:
            raise self._unlike(f"vectors of {vectors.shape[1]} numbers, not {self._dimensions}")
        return vectors, tokens

    def _read(self, answer: Any, count: int) -> tuple[Matrix, int]:
        """Vectors of length 1, in the order asked, and the tokens that they cost."""
        try:
            by_index = {each["index"]: each["embedding"] for each in answer["data"]}
            vectors = np.array([by_index[index] for index in range(count)], np.float64)
            tokens = answer["usage"]["prompt_tokens"]
        except (KeyError, TypeError, ValueError):
            raise self._unlike("an answer is not what was asked for") from None
        if len(answer["data"]) != count or vectors.ndim != 2 or type(tokens) is not int:
            raise self._unlike("an answer is not what was asked for")
        with np.errstate(all="ignore"):
            lengths = np.linalg.norm(vectors, axis=1, keepdims=True)
        if not (np.isfinite(lengths).all() and (lengths > 0).all()):
            raise self._unlike("a vector is of no length")
        return (vectors / lengths).astype(np.float32), tokens

    def _unlike(self, problem: str) -> ModelError:
        return not_compatible(self._client.server, problem)


def _without(texts: Sequence[str], message: str) -> str:
    """What a server says, unless it repeats the input."""
    if any(text[:QUOTED] in message for text in texts):
        return UNREAD
    return message


def configured(server: Server, environ: Mapping[str, str]) -> Callable[[], OpenAIEmbedder]:
    """With the server's model that EMBEDDING_MODEL names. Raises SettingError."""
    model = environ.get("EMBEDDING_MODEL")
    if not model:
        remedy = (
            "must be the server's name for the model, or `embedded` for the one that comes along"
        )
        raise SettingError("EMBEDDING_MODEL", remedy)
    return partial(opened, server, model, "EMBEDDING_MODEL")


def opened(server: Server, model: str, variable: str) -> OpenAIEmbedder:
    """With a model of the server's, which a variable of the environment names."""
    return OpenAIEmbedder(Client(server, variable), model)
