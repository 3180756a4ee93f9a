"""What a model backend provides and what the engine hands out."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

import numpy as np
import numpy.typing as npt

type Matrix = npt.NDArray[np.float32]


@dataclass(frozen=True, slots=True, eq=False)
class Embeddings:
    """Vectors of Euclidean length 1, one row a text, so that a dot product is a cosine.

    Attributes:
        vectors: shape (texts, dimensions).
        tokens: read by the model over all texts, special tokens included, padding not.
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
        tokens, model: as in `Embeddings`; the labels are read too and count.
    """

    scores: Matrix
    tokens: int
    model: str


@dataclass(frozen=True, slots=True)
class Match:
    """One ranked document: its position in the call and its cosine with the query, -1 to 1."""

    index: int
    score: float


@dataclass(frozen=True, slots=True)
class Ranking:
    """The nearest documents, best first; equal scores keep the order of the call."""

    matches: tuple[Match, ...]
    tokens: int
    model: str


class Embedder(Protocol):
    """A loaded model. It need not be thread-safe: the engine calls it from one thread."""

    @property
    def model(self) -> str: ...

    @property
    def dimensions(self) -> int: ...

    def embed(self, texts: Sequence[str]) -> Embeddings:
        """Raises InputTooLarge before the run, InferenceFailed after it."""
        ...
