"""What a model provides to the engine, and what the engine hands out."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

import numpy as np
import numpy.typing as npt

type Matrix = npt.NDArray[np.float32]
type Vector = npt.NDArray[np.float32]


@dataclass(frozen=True, slots=True, eq=False)
class Embeddings:
    """Vectors of length 1, so that a dot product is a cosine.

    Attributes:
        vectors: shape (texts, dimensions).
        tokens: read by the model in all texts, special tokens included, padding not.
        model: the name of the model that ran.
    """

    vectors: Matrix
    tokens: int
    model: str


@dataclass(frozen=True, slots=True, eq=False)
class Classifications:
    """Zero-shot scores.

    Attributes:
        scores: shape (texts, labels), in the order asked; each row sums to 1.
        tokens: as in `Embeddings`; the labels are read too, and count.
        model: the name of the model that ran.
    """

    scores: Matrix
    tokens: int
    model: str


@dataclass(frozen=True, slots=True)
class Match:
    """A ranked document: its position in the call, and its cosine with the query (-1 to 1)."""

    index: int
    score: float


@dataclass(frozen=True, slots=True)
class Ranking:
    """The nearest documents, best first; equal scores keep the order of the call.

    Attributes:
        tokens: as in `Embeddings`, the query included.
    """

    matches: tuple[Match, ...]
    tokens: int
    model: str


class Prepared(Protocol):
    """The texts of one request, as a model reads them."""

    @property
    def tokens(self) -> int:
        """As in `Embeddings`; 0 where only the run can tell."""
        ...


class Embedder[P: Prepared](Protocol):
    """A loaded model, asked in two steps: what it cannot read is refused before anything runs."""

    @property
    def model(self) -> str: ...

    @property
    def dimensions(self) -> int: ...

    @property
    def concurrency(self) -> int:
        """How many runs may go on at a time. A model that is not thread-safe says 1."""
        ...

    @property
    def batch_characters(self) -> int:
        """How much text of several requests one run may read; 0: each request runs alone.

        A single request is never divided, however long it is.
        """
        ...

    def prepare(self, texts: Sequence[str]) -> P:
        """Reads the texts of a request, at least one. Raises InputTooLarge."""
        ...

    def run(self, batch: Sequence[P]) -> Sequence[Embeddings]:
        """Embeds at least one request: a result for each, in order. What it raises fails all."""
        ...


def embed[P: Prepared](embedder: Embedder[P], texts: Sequence[str]) -> Embeddings:
    """One request, without an engine and its queue. Raises what `prepare` and `run` do."""
    (embeddings,) = embedder.run([embedder.prepare(texts)])
    return embeddings
