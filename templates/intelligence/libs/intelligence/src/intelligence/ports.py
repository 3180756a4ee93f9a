"""What a model provides to the engine, and what the engine hands out."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

import numpy as np
import numpy.typing as npt

type Matrix = npt.NDArray[np.float32]


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


class Embedder(Protocol):
    """A loaded model. It need not be thread-safe: the engine calls it from one thread."""

    @property
    def model(self) -> str: ...

    @property
    def dimensions(self) -> int: ...

    def embed(self, texts: Sequence[str]) -> Embeddings:
        """Embeds at least one text. Raises InputTooLarge before a run, InferenceFailed after."""
        ...
