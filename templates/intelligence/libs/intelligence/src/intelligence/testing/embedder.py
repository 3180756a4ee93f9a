"""A made-up model, for tests of what stands around one."""

from collections.abc import Sequence
from dataclasses import dataclass
from threading import Event

import numpy as np

from intelligence.ports import Embeddings, Matrix

GUARD = 10.0  # seconds, against a hang


@dataclass(frozen=True, slots=True)
class Read:
    """An `intelligence.ports.Prepared`: a word is a token."""

    texts: Sequence[str]

    @property
    def tokens(self) -> int:
        return sum(len(text.split()) for text in self.texts)


class MadeUpEmbedder:
    """An `intelligence.ports.Embedder`: a vector says how long its text is.

    A test inherits it and changes what it is about.
    """

    model = "made-up"
    dimensions = 2
    concurrency = 1
    batch_characters = 100

    def prepare(self, texts: Sequence[str]) -> Read:
        return Read(texts)

    def run(self, batch: Sequence[Read]) -> list[Embeddings]:
        return [Embeddings(self.vectors(each.texts), each.tokens, self.model) for each in batch]

    def vectors(self, texts: Sequence[str]) -> Matrix:
        angles = np.array([len(text) for text in texts], np.float32)
        return np.stack([np.cos(angles), np.sin(angles)], axis=1)


class GatedModel(MadeUpEmbedder):
    """Each run but the warm-up's waits for `open`."""

    def __init__(self) -> None:
        self.entered = Event()
        self.open = Event()
        self.texts: list[str] = []

    def run(self, batch: Sequence[Read]) -> list[Embeddings]:
        self.texts += [text for each in batch for text in each.texts]
        if self.texts != ["warm up"]:
            self.entered.set()
            assert self.open.wait(GUARD)
        return super().run(batch)
