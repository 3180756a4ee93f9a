"""Embedding a document's chunks through the engine, a few at a time.

A long document is many requests of the engine, one after the other, so that questions of others
come between them and a full queue refuses the rest of it.
"""

from collections.abc import Sequence

import numpy as np

from intelligence.engine import Engine
from intelligence.errors import InputTooLarge
from intelligence.ports import Matrix
from intelligence.retrieval.chunking import cut
from intelligence.waiting import Wait

CHUNKS_A_REQUEST = 16


class Indexing:
    """One document on its way into a store.

    Args:
        title: read with each chunk, which seldom says itself what it is about.
        chunks: of its text, at least one.

    Attributes:
        chunks: as given, except that one that the model could not read whole is cut further.
        tokens: what the model has read of them so far.
    """

    def __init__(self, title: str, chunks: Sequence[str]) -> None:
        self.chunks = [*chunks]
        self.tokens = 0
        self._title = title

    async def run(self, engine: Engine, wait: Wait) -> Matrix:
        """A vector a chunk. Raises what `Engine.embed`, its future and `wait` do.

        InputTooLarge means that the title alone is more than the model reads.
        """
        vectors: list[Matrix] = []
        done = 0
        while done < len(self.chunks):
            some = self.chunks[done : done + CHUNKS_A_REQUEST]
            try:
                embeddings = await wait(engine.embed([f"{self._title}\n\n{each}" for each in some]))
            except InputTooLarge as error:
                position = done + (error.index or 0)
                chunk = self.chunks[position]
                if len(chunk) == 1:
                    raise
                self.chunks[position : position + 1] = cut(chunk, len(chunk) // 2)
            else:
                vectors.append(embeddings.vectors)
                self.tokens += embeddings.tokens
                done += len(some)
        return np.concatenate(vectors)
