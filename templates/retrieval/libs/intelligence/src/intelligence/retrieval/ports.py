"""What retrieval hands to a service to keep, and gets back."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol

from intelligence.ports import Matrix, Vector


@dataclass(frozen=True, slots=True)
class Document:
    """A text that answers are drawn from.

    Attributes:
        id: whoever puts it chooses it, and puts the next version under the same.
        url: where people read it; None where they cannot.
        digest: SHA-256 of title, URL and text, in hexadecimal; equal ones need not be embedded anew
            by the same model.
    """

    id: str
    title: str
    url: str | None
    digest: str


@dataclass(frozen=True, slots=True)
class Stored:
    """A document that is kept.

    Attributes:
        chunks: into how many pieces its text was cut.
        model: what made their vectors.
        changed_at: when this version was put, in UTC.
    """

    document: Document
    chunks: int
    model: str
    changed_at: datetime


@dataclass(frozen=True, slots=True)
class Passage:
    """A chunk of a document, as it was found.

    Attributes:
        position: of the chunk in its document, from 0.
        cosine: with the query, -1 to 1.
    """

    document_id: str
    title: str
    url: str | None
    position: int
    text: str
    cosine: float


class ChunkStore(Protocol):
    """Documents, their chunks and vectors.

    `intelligence.testing.chunk_store` says what every store keeps.
    """

    async def put(
        self, document: Document, chunks: Sequence[str], vectors: Matrix, model: str
    ) -> None:
        """Keeps the document, whole or not at all, in place of the one that had its id.

        Args:
            vectors: one a chunk, shape (chunks, dimensions), of length 1.
            model: what made them. Vectors of different models cannot be compared.
        """
        ...

    async def get(self, document_id: str) -> Stored | None: ...

    async def all(self, *, after: str, limit: int) -> Sequence[Stored]:
        """At most `limit` documents whose id is greater than `after`, by id."""
        ...

    async def delete(self, document_id: str) -> bool:
        """False if there is none."""
        ...

    async def outdated(self, model: str) -> tuple[Document, Sequence[str]] | None:
        """A document whose vectors another model made, with its chunks in order; None: no more."""
        ...

    async def refresh(
        self, document: Document, chunks: Sequence[str], vectors: Matrix, model: str
    ) -> bool:
        """As `put`, for a document that is still this version. False, and nothing kept, if it was
        deleted or replaced meanwhile. When it was put stays."""
        ...

    async def search(self, query: str, vector: Vector, model: str, limit: int) -> Sequence[Passage]:
        """The chunks that fit the query best, by words and by meaning, best first.

        Args:
            vector: of the query, shape (dimensions,), of length 1.
            model: what made it; chunks of another are not found, not even by words.
        """
        ...
