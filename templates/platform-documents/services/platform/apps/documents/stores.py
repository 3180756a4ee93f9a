"""Documents and their chunks, kept in SQL: an `intelligence.retrieval.ports.ChunkStore`.

How a chunk is looked up by words and by meaning differs between SQLite and PostgreSQL, see
`apps.documents.chunk_search`; what is found in either way is made one ranking by `intelligence`.
"""

from collections.abc import Sequence
from typing import Any

from django.db import connection, transaction
from django.db.models import Count, Min, QuerySet
from django.utils import timezone

from apps.core.threads import query
from apps.documents import models
from apps.documents.chunk_search import PostgresqlSearch, SqliteSearch
from apps.documents.models import Chunk
from intelligence.ports import Matrix, Vector
from intelligence.retrieval.fusion import fuse
from intelligence.retrieval.ports import Document, Passage, Stored
from intelligence.retrieval.words import wanted

CANDIDATES = 50
"""How many chunks each way of searching gives to the common ranking."""


class DjangoChunkStore:
    """No connection outlives a call of it."""

    async def put(
        self, document: Document, chunks: Sequence[str], vectors: Matrix, model: str
    ) -> None:
        row = models.Document(
            id=document.id,
            title=document.title,
            url=document.url,
            digest=document.digest,
            changed_at=timezone.now(),
        )

        @transaction.atomic
        def replace() -> None:
            # First, because it locks the document against another that puts the same.
            models.Document.objects.bulk_create(
                [row],
                update_conflicts=True,
                unique_fields=["id"],
                update_fields=["title", "url", "digest", "changed_at"],
            )
            _replace(document.id, chunks, vectors, model)

        await query(replace)

    async def get(self, document_id: str) -> Stored | None:
        row = await query(_stored().filter(id=document_id).first)
        return None if row is None else _kept(row)

    async def all(self, *, after: str, limit: int) -> Sequence[Stored]:
        rows = _stored().filter(id__gt=after).order_by("id")[:limit]
        return [_kept(row) for row in await query(list, rows)]

    async def delete(self, document_id: str) -> bool:
        deleted, _ = await query(models.Document.objects.filter(id=document_id).delete)
        return deleted > 0

    async def outdated(self, model: str) -> tuple[Document, Sequence[str]] | None:
        other = Chunk.objects.exclude(model=model).values("document_id")[:1]
        chunks = Chunk.objects.filter(document_id=other).select_related("document")
        if not (rows := await query(list, chunks.order_by("position"))):
            return None
        return _document(rows[0].document), [row.text for row in rows]

    async def refresh(
        self, document: Document, chunks: Sequence[str], vectors: Matrix, model: str
    ) -> bool:
        same = models.Document.objects.filter(id=document.id, digest=document.digest)

        @transaction.atomic
        def replace() -> bool:
            if not same.update(digest=document.digest):  # changes nothing, and locks
                return False
            _replace(document.id, chunks, vectors, model)
            return True

        return await query(replace)

    async def search(self, query_: str, vector: Vector, model: str, limit: int) -> list[Passage]:
        def find() -> list[Passage]:
            search = (SqliteSearch if connection.vendor == "sqlite" else PostgresqlSearch)(
                CANDIDATES
            )
            nearest = search.by_meaning(vector, model)
            holding = search.by_words(words, model) if (words := wanted(query_)) else []
            best = fuse(nearest, holding)[:limit]
            found = Chunk.objects.select_related("document").in_bulk(best)
            # One that was deleted meanwhile is not there.
            return [_passage(found[each], vector) for each in best if each in found]

        return await query(find)


def _replace(document_id: str, chunks: Sequence[str], vectors: Matrix, model: str) -> None:
    Chunk.objects.filter(document_id=document_id).delete()
    Chunk.objects.bulk_create(
        Chunk(document_id=document_id, position=position, text=text, model=model, embedding=vector)
        for position, (text, vector) in enumerate(zip(chunks, vectors, strict=True))
    )


def _stored() -> QuerySet[models.Document]:
    """Documents with the number of their chunks and the model of these."""
    return models.Document.objects.annotate(chunks=Count("chunk"), model=Min("chunk__model"))


def _kept(row: Any) -> Stored:
    return Stored(_document(row), row.chunks, row.model, row.changed_at)


def _document(row: models.Document) -> Document:
    return Document(row.id, row.title, row.url, row.digest)


def _passage(chunk: Chunk, vector: Vector) -> Passage:
    document, cosine = chunk.document, float(chunk.embedding @ vector)
    return Passage(document.id, document.title, document.url, chunk.position, chunk.text, cosine)
