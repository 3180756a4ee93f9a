"""Nearest neighbours by looking at each vector, for a database that has no index for them."""

from collections.abc import Sequence

import numpy as np

from intelligence.ports import Matrix

SCANNED = 20_000
"""Items that are looked at for one request, those that were added last; 30 MB of 384 dimensions."""

PART = 2000
"""Items that are handed over at a time."""


class Scan:
    """Keeps the `limit` best of each vector of what it was shown.

    Args:
        vectors: shape (vectors, dimensions), of length 1.
    """

    def __init__(self, vectors: Matrix, limit: int) -> None:
        self._vectors = vectors
        self._limit = limit
        self._rows = np.empty((len(vectors), 0), np.int64)
        self._cosines = np.empty((len(vectors), 0), np.float32)

    def look(self, part: Sequence[tuple[int, bytes]]) -> None:
        """At some rows, each with its vector as little-endian float32."""
        found = np.frombuffer(b"".join(content for _, content in part), "<f4")
        cosines = self._vectors @ found.reshape(len(part), -1).T
        rows = np.broadcast_to(np.array([row for row, _ in part]), cosines.shape)
        self._rows = np.hstack((self._rows, rows))
        self._cosines = np.hstack((self._cosines, cosines))
        best = np.argsort(-self._cosines, axis=1, kind="stable")[:, : self._limit]
        self._rows = np.take_along_axis(self._rows, best, axis=1)
        self._cosines = np.take_along_axis(self._cosines, best, axis=1)

    def best(self) -> list[int]:
        """Rows, each once."""
        return [int(row) for row in np.unique(self._rows)]
