"""Two databases, two ways each to look for chunks: by the words in them, and by their vectors.

Both give identifiers, best first. What a caller typed reaches neither database as anything but
values: a query in FTS5's language is put together from quoted words, PostgreSQL's by its functions.
"""

import sys
from collections.abc import Sequence

import numpy as np
from sqlalchemy import text

from app.database import Database
from app.vectors import as_text
from intelligence.ports import Vector

WITHIN = "document_id >= :first AND document_id < :beyond"
"""A chunk of a library, of which the values are `span`."""

SCANNED = 2000
"""Vectors that SQLite hands over at a time: 3 MB of 384 dimensions."""


def span(library: str) -> dict[str, str]:
    """The ids that begin with the library's name, of which an index has a piece: from the first of
    these strings, up to the other and without it. Ids are compared by code point.
    """
    return {
        "first": library,
        "beyond": library[:-1] + chr(ord(library[-1]) + 1) if library else chr(sys.maxunicode),
    }


class SqliteSearch:
    """Words by FTS5 and its bm25; vectors by looking at each, with NumPy."""

    def __init__(self, database: Database, library: str, limit: int) -> None:
        self._database = database
        self._library = library
        self._limit = limit

    async def by_words(self, alternatives: Sequence[Sequence[str]], model: str) -> list[int]:
        query = text(
            "SELECT chunk.id FROM chunk_words"  # noqa: S608 - holds no words of a caller's
            " JOIN chunk ON chunk.id = chunk_words.rowid"
            f" WHERE chunk_words MATCH :query AND chunk.model = :model AND {WITHIN}"
            " ORDER BY bm25(chunk_words), chunk.id LIMIT :limit"
        )
        # Quoted, a word is a string, and its parts must follow each other: `M-204` is no `204 M`.
        any_of = " OR ".join(
            f"({' AND '.join(f'"{word}"' for word in words)})" for words in alternatives
        )
        values = {"query": any_of, "model": model, "limit": self._limit, **span(self._library)}
        async with self._database.reading() as session:
            return [*(await session.scalars(query, values))]

    async def by_meaning(self, vector: Vector, model: str) -> list[int]:
        """Exact. A session a part, so that writers come between."""
        part = text(
            "SELECT id, embedding FROM chunk"  # noqa: S608 - likewise
            " WHERE id > :after AND model = :model AND length(embedding) = :length"
            f" AND {WITHIN} ORDER BY id LIMIT :limit"
        )
        values = {
            "model": model,
            "length": 4 * len(vector),
            "limit": SCANNED,
            **span(self._library),
        }
        ids, cosines, after = np.empty(0, np.int64), np.empty(0, np.float32), -1
        while True:
            async with self._database.reading() as session:
                rows = (await session.execute(part, values | {"after": after})).all()
            if not rows:
                return ids.tolist()
            after = rows[-1].id
            vectors = np.frombuffer(b"".join(row.embedding for row in rows), "<f4")
            ids = np.append(ids, [row.id for row in rows])
            cosines = np.append(cosines, vectors.reshape(len(rows), -1) @ vector)
            best = np.argsort(-cosines, kind="stable")[: self._limit]
            ids, cosines = ids[best], cosines[best]


class PostgresqlSearch:
    """Words by full-text search, vectors by pgvector: both through an index where there is one."""

    def __init__(self, database: Database, library: str, limit: int) -> None:
        self._database = database
        self._library = library
        self._limit = limit

    async def by_words(self, alternatives: Sequence[Sequence[str]], model: str) -> list[int]:
        # A phrase a word: `M-204` has two parts, which must follow each other.
        values: dict[str, object] = {
            "model": model,
            "limit": self._limit,
            **span(self._library),
        }
        asked = []
        for words in alternatives:
            names = [f"word_{len(values) + place}" for place in range(len(words))]
            values |= dict(zip(names, words, strict=True))
            asked.append(" && ".join(f"phraseto_tsquery('english', :{each})" for each in names))
        any_of = " || ".join(f"({each})" for each in asked)
        query = text(
            f"WITH asked AS (SELECT {any_of} AS query)"  # noqa: S608 - holds numbers, no words
            f" SELECT id FROM chunk, asked WHERE lexemes @@ query AND model = :model AND {WITHIN}"
            " ORDER BY ts_rank_cd(lexemes, query, 1) DESC, id LIMIT :limit"
        )
        async with self._database.reading() as session:
            return [*(await session.scalars(query, values))]

    async def by_meaning(self, vector: Vector, model: str) -> list[int]:
        """Through the index for vectors of this length, else exact."""
        values = {
            "model": model,
            "vector": as_text(vector),
            "limit": self._limit,
            **span(self._library),
        }
        async with self._database.reading() as session:
            # The index of vectors looks on until enough chunks are of this library and model; a
            # library that is a small part of the table is found by its ids instead.
            await session.execute(
                text(
                    "SELECT set_config('hnsw.ef_search', '100', true),"
                    " set_config('hnsw.iterative_scan', 'strict_order', true)"
                )
            )
            query = text(nearest_in_postgresql(len(vector)))
            return [*(await session.scalars(query, values))]


def nearest_in_postgresql(dimensions: int) -> str:
    """In the words of the indexes, so that the one for so many dimensions is used."""
    return (
        "SELECT id FROM chunk"  # noqa: S608 - holds a number, no words
        f" WHERE model = :model AND vector_dims(embedding) = {dimensions} AND {WITHIN}"
        f" ORDER BY (embedding::vector({dimensions}))"
        f" <=> CAST(CAST(:vector AS text) AS vector({dimensions})) LIMIT :limit"
    )
