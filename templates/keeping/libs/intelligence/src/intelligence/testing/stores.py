"""What the suites of stores stand on: coroutines run where a store lives, vectors in a plane."""

from collections.abc import Coroutine
from typing import Any, Protocol

import numpy as np

from intelligence.ports import Matrix, Vector


class Run(Protocol):
    """Runs a coroutine where the store lives, to its end."""

    def __call__[T](self, coroutine: Coroutine[Any, Any, T], /) -> T: ...


def pointing(*degrees: float) -> Matrix:
    """Vectors in a plane, by their angles: a cosine is that of the difference."""
    angles = np.radians(np.array(degrees, np.float32))
    return np.stack([np.cos(angles), np.sin(angles), np.zeros_like(angles)], axis=1)


def towards(degrees: float) -> Vector:
    vector: Vector = pointing(degrees)[0]
    return vector
