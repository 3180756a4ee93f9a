"""Two databases, two ways each to look for chunks: by the words in them, and by their vectors.

Both give identifiers, best first. What a caller typed reaches neither database as anything but
values: a query in FTS5's language is put together from quoted words, PostgreSQL's by its functions.
"""

from collections.abc import Sequence

import numpy as np
from django.db import connection, transaction

from apps.vectors.fields import as_text
from intelligence.ports import Vector

SCANNED = 2000
"""Vectors that SQLite hands over at a time: 3 MB of 384 dimensions."""


class SqliteSearch:
    """Words by FTS5 and its bm25; vectors by looking at each, with NumPy."""

    def __init__(self, limit: int) -> None:
        self._limit = limit

    def by_words(self, alternatives: Sequence[Sequence[str]], model: str) -> list[int]:
        # Quoted, a word is a string, and its parts must follow each other: `M-204` is no `204 M`.
        any_of = " OR ".join(
            f"({' AND '.join(f'"{word}"' for word in words)})" for words in alternatives
        )
        return _ids(
            "SELECT chunk.id FROM chunk_words JOIN chunk ON chunk.id = chunk_words.rowid"
            " WHERE chunk_words MATCH %s AND chunk.model = %s"
            " ORDER BY bm25(chunk_words), chunk.id LIMIT %s",
            [any_of, model, self._limit],
        )

    def by_meaning(self, vector: Vector, model: str) -> list[int]:
        """Exact, a part at a time."""
        ids, cosines, after = np.empty(0, np.int64), np.empty(0, np.float32), -1
        while True:
            with connection.cursor() as cursor:
                cursor.execute(
                    "SELECT id, embedding FROM chunk"
                    " WHERE id > %s AND model = %s AND length(embedding) = %s"
                    " ORDER BY id LIMIT %s",
                    [after, model, 4 * len(vector), SCANNED],
                )
                rows = cursor.fetchall()
            if not rows:
                return [*map(int, ids)]
            after = rows[-1][0]
            vectors = np.frombuffer(b"".join(content for _, content in rows), "<f4")
            ids = np.append(ids, [id_ for id_, _ in rows])
            cosines = np.append(cosines, vectors.reshape(len(rows), -1) @ vector)
            best = np.argsort(-cosines, kind="stable")[: self._limit]
            ids, cosines = ids[best], cosines[best]


class PostgresqlSearch:
    """Words by full-text search, vectors by pgvector: both through an index where there is one."""

    def __init__(self, limit: int) -> None:
        self._limit = limit

    def by_words(self, alternatives: Sequence[Sequence[str]], model: str) -> list[int]:
        # A phrase a word: `M-204` has two parts, which must follow each other.
        any_of = " || ".join(
            f"({' && '.join(["phraseto_tsquery('english', %s)"] * len(words))})"
            for words in alternatives
        )
        return _ids(
            f"WITH asked AS (SELECT {any_of} AS query)"  # noqa: S608 - holds placeholders, no words
            " SELECT id FROM chunk, asked WHERE lexemes @@ query AND model = %s"
            " ORDER BY ts_rank_cd(lexemes, query, 1) DESC, id LIMIT %s",
            [*(word for words in alternatives for word in words), model, self._limit],
        )

    def by_meaning(self, vector: Vector, model: str) -> list[int]:
        """Through the index for vectors of this length, else exact."""
        with transaction.atomic():
            # The index looks on until enough chunks are of this model.
            _ids(
                "SELECT set_config('hnsw.ef_search', '100', true),"
                " set_config('hnsw.iterative_scan', 'strict_order', true)"
            )
            return _ids(nearest_in_postgresql(len(vector)), [model, as_text(vector), self._limit])


def nearest_in_postgresql(dimensions: int) -> str:
    """In the words of the indexes, so that the one for so many dimensions is used. Takes the model,
    the vector as text, and how many."""
    return (
        "SELECT id FROM chunk"  # noqa: S608 - holds a number, no words
        f" WHERE model = %s AND vector_dims(embedding) = {dimensions}"
        f" ORDER BY (embedding::vector({dimensions})) <=> (%s::text)::vector({dimensions}) LIMIT %s"
    )


def _ids(statement: str, values: Sequence[str | int] = ()) -> list[int]:
    """The first column of what is found."""
    with connection.cursor() as cursor:
        cursor.execute(statement, values)
        return [row[0] for row in cursor.fetchall()]
