"""Documents, their chunks and vectors in SQL: the tables, and the store over them.

How a chunk is looked up by words and by meaning differs between SQLite and PostgreSQL, see
`app.chunk_search`; what is found in either way is made one ranking by `intelligence`.
"""

from collections.abc import Sequence
from datetime import datetime

from sqlalchemy import (
    BigInteger,
    ColumnElement,
    ForeignKey,
    Index,
    Integer,
    Select,
    String,
    Text,
    and_,
    delete,
    func,
    insert,
    select,
    update,
)
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import InstrumentedAttribute, Mapped, mapped_column

from app.chunk_search import PostgresqlSearch, SqliteSearch, span
from app.database import Database
from app.models import BY_HAND, Base, utcnow
from app.vectors import Embedding
from intelligence.ports import Matrix, Vector
from intelligence.retrieval.fusion import fuse
from intelligence.retrieval.ports import Document, Passage, Stored
from intelligence.retrieval.words import wanted

# Compared by code point, as on SQLite: those of a library stand together in an index.
DOCUMENT_ID = String(130).with_variant(String(130, collation="C"), "postgresql")

CANDIDATES = 50
"""How many chunks each way of searching gives to the common ranking."""

# What their migration makes beside the tables below: SQLite's index of words with the tables that
# FTS5 keeps it in, PostgreSQL's column of words and its indexes.
BY_HAND |= {"chunk_words", "lexemes", "ix_chunk_lexemes", "ix_chunk_embedding_384"}
BY_HAND |= {f"chunk_words_{part}" for part in ("config", "content", "data", "docsize", "idx")}


class DocumentRecord(Base):
    """`intelligence.retrieval.ports.Document`, with the time at which this version was put.

    Attributes:
        id: after the name of its library, see `app.library`.
    """

    __tablename__ = "document"

    id: Mapped[str] = mapped_column(DOCUMENT_ID, primary_key=True)
    title: Mapped[str] = mapped_column(String(300))
    url: Mapped[str | None] = mapped_column(String(2000))
    digest: Mapped[str] = mapped_column(String(64))
    changed_at: Mapped[datetime]


class ChunkRecord(Base):
    """A passage of a document: what is found and cited.

    Attributes:
        position: in its document, from 0.
        model: what made the vector.
    """

    __tablename__ = "chunk"
    __table_args__ = (Index(None, "document_id", "position", unique=True), Index(None, "model"))

    id: Mapped[int] = mapped_column(BigInteger().with_variant(Integer, "sqlite"), primary_key=True)
    document_id: Mapped[str] = mapped_column(ForeignKey(DocumentRecord.id, ondelete="CASCADE"))
    position: Mapped[int]
    text: Mapped[str] = mapped_column(Text)
    model: Mapped[str] = mapped_column(String(100))
    embedding: Mapped[Vector] = mapped_column(Embedding)


class SqlChunkStore:
    """An `intelligence.retrieval.ports.ChunkStore`. No session outlives a call of it.

    Args:
        library: what it holds and finds, and nothing of another; "": all there is.
    """

    def __init__(self, database: Database, library: str = "") -> None:
        self._database = database
        self._library = library
        self._on_sqlite = database.engine.name == "sqlite"

    async def put(
        self, document: Document, chunks: Sequence[str], vectors: Matrix, model: str
    ) -> None:
        values = {
            "title": document.title,
            "url": document.url,
            "digest": document.digest,
            "changed_at": utcnow(),
        }
        upsert = sqlite.insert if self._on_sqlite else postgresql.insert
        row = upsert(DocumentRecord).values(id=self._row(document.id), **values)
        async with self._database.session() as session:
            # First, because it locks the document against another that puts the same.
            await session.execute(row.on_conflict_do_update(index_elements=["id"], set_=values))
            await _replace(session, self._row(document.id), chunks, vectors, model)

    async def get(self, document_id: str) -> Stored | None:
        async with self._database.reading() as session:
            query = _stored().where(DocumentRecord.id == self._row(document_id))
            row = (await session.execute(query)).one_or_none()
        return None if row is None else self._kept(*row)

    async def all(self, *, after: str, limit: int) -> Sequence[Stored]:
        query = (
            _stored()
            .where(within(DocumentRecord.id, self._library), DocumentRecord.id > self._row(after))
            .order_by(DocumentRecord.id)
            .limit(limit)
        )
        async with self._database.reading() as session:
            rows = (await session.execute(query)).all()
        return [self._kept(*row) for row in rows]

    async def delete(self, document_id: str) -> bool:
        query = (
            delete(DocumentRecord)
            .where(DocumentRecord.id == self._row(document_id))
            .returning(DocumentRecord.id)
        )
        async with self._database.session() as session:
            return await session.scalar(query) is not None

    async def outdated(self, model: str) -> tuple[Document, Sequence[str]] | None:
        other = (
            select(ChunkRecord.document_id)
            .where(within(ChunkRecord.document_id, self._library), ChunkRecord.model != model)
            .limit(1)
        )
        async with self._database.reading() as session:
            row = await session.scalar(
                select(DocumentRecord).where(DocumentRecord.id == other.scalar_subquery())
            )
            if row is None:
                return None
            chunks = await session.scalars(
                select(ChunkRecord.text)
                .where(ChunkRecord.document_id == row.id)
                .order_by(ChunkRecord.position)
            )
            return self._document(row), chunks.all()

    async def refresh(
        self, document: Document, chunks: Sequence[str], vectors: Matrix, model: str
    ) -> bool:
        same = (
            update(DocumentRecord)
            .where(
                DocumentRecord.id == self._row(document.id),
                DocumentRecord.digest == document.digest,
            )
            .values(digest=document.digest)  # changes nothing, and locks
            .returning(DocumentRecord.id)
        )
        async with self._database.session() as session:
            if await session.scalar(same) is None:
                return False
            await _replace(session, self._row(document.id), chunks, vectors, model)
            return True

    async def search(self, query: str, vector: Vector, model: str, limit: int) -> Sequence[Passage]:
        engine = SqliteSearch if self._on_sqlite else PostgresqlSearch
        search = engine(self._database, self._library, CANDIDATES)
        nearest = await search.by_meaning(vector, model)
        holding = (
            await search.by_words(alternatives, model) if (alternatives := wanted(query)) else []
        )
        best = fuse(nearest, holding)[:limit]
        rows = (
            select(ChunkRecord, DocumentRecord)
            .join(DocumentRecord, DocumentRecord.id == ChunkRecord.document_id)
            .where(ChunkRecord.id.in_(best))
        )
        async with self._database.reading() as session:
            found = {chunk.id: (chunk, document) for chunk, document in await session.execute(rows)}
        # One that was deleted meanwhile is not there.
        return [self._passage(*found[each], vector) for each in best if each in found]

    def _row(self, document_id: str) -> str:
        return f"{self._library}{document_id}"

    def _kept(self, row: DocumentRecord, chunks: int, model: str) -> Stored:
        return Stored(self._document(row), chunks, model, row.changed_at)

    def _document(self, row: DocumentRecord) -> Document:
        return Document(row.id.removeprefix(self._library), row.title, row.url, row.digest)

    def _passage(self, chunk: ChunkRecord, row: DocumentRecord, vector: Vector) -> Passage:
        document, cosine = self._document(row), float(chunk.embedding @ vector)
        return Passage(
            document.id, document.title, document.url, chunk.position, chunk.text, cosine
        )


def within(document_id: InstrumentedAttribute[str], library: str) -> ColumnElement[bool]:
    """What `app.chunk_search` says in SQL."""
    ends = span(library)
    return and_(document_id >= ends["first"], document_id < ends["beyond"])


async def _replace(
    session: AsyncSession, document_id: str, chunks: Sequence[str], vectors: Matrix, model: str
) -> None:
    await session.execute(delete(ChunkRecord).where(ChunkRecord.document_id == document_id))
    rows = [
        {
            "document_id": document_id,
            "position": position,
            "text": text,
            "model": model,
            "embedding": vector,
        }
        for position, (text, vector) in enumerate(zip(chunks, vectors, strict=True))
    ]
    await session.execute(insert(ChunkRecord), rows)


def _stored() -> Select[DocumentRecord, int, str]:
    """Documents with the number of their chunks and the model of these."""
    return (
        select(DocumentRecord, func.count(), func.min(ChunkRecord.model))
        .join(ChunkRecord, ChunkRecord.document_id == DocumentRecord.id)
        .group_by(DocumentRecord.id)
    )
