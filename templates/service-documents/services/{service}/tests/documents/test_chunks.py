"""The store, by the tests that every store of `intelligence` passes, and what is its own."""

import asyncio

import numpy as np
import pytest
from sqlalchemy import text

from app import chunk_search
from app.database import Database
from intelligence.retrieval.ports import ChunkStore
from intelligence.testing.chunk_store import (
    MODEL,
    PARTS,
    ChunkStoreContract,
    Run,
    document,
    pointing,
    texts,
    towards,
)


class TestSqlChunkStore(ChunkStoreContract):
    """On SQLite, or TEST_DATABASE_URL."""


def test_what_is_looked_at_in_parts_is_looked_at_whole(
    store: ChunkStore, run: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(chunk_search, "SCANNED", 2)
    degrees = [50, 40, 30, 20, 10]
    names = [str(each) for each in degrees]
    run(store.put(document("turning"), names, pointing(*degrees), MODEL))
    assert texts(run(store.search("", towards(0), MODEL, 5))) == names[::-1]


def test_vectors_are_kept_to_the_bit(store: ChunkStore, storage: Database, run: Run) -> None:
    vectors = np.random.default_rng(0).normal(size=(3, 384)).astype(np.float32)
    vectors /= np.linalg.norm(vectors, axis=1, keepdims=True)
    run(store.put(document("manual"), PARTS, vectors, MODEL))
    for position, vector in enumerate(vectors):
        (found,) = run(store.search("", vector, MODEL, 1))
        assert (found.position, found.cosine) == (position, pytest.approx(1, abs=1e-6))


def test_the_index_of_words_follows_the_chunks(
    store: ChunkStore, storage: Database, run: Run
) -> None:
    """FTS5 compares its index with the table that it is of; PostgreSQL's column is generated."""
    if storage.engine.name != "sqlite":
        pytest.skip("PostgreSQL generates the column")
    run(store.put(document("manual"), PARTS, pointing(0, 45, 90), MODEL))
    run(store.put(document("manual"), PARTS[:1], pointing(0), MODEL))
    run(store.put(document("gone"), PARTS[1:], pointing(0, 45), MODEL))
    run(store.delete("gone"))

    async def look() -> list[int]:
        async with storage.session() as session:
            await session.execute(text("UPDATE chunk SET text = 'Rims wear.'"))
            check = "INSERT INTO chunk_words (chunk_words, rank) VALUES ('integrity-check', 1)"
            await session.execute(text(check))
            return [
                len((await session.execute(text(query))).all())
                for query in (
                    "SELECT rowid FROM chunk_words WHERE chunk_words MATCH 'rims'",
                    "SELECT rowid FROM chunk_words WHERE chunk_words MATCH 'magnet OR bolts'",
                )
            ]

    assert run(look()) == [1, 0]


def test_two_that_put_the_same_document_leave_one_of_them(
    store: ChunkStore, storage: Database, run: Run
) -> None:
    async def both() -> None:
        await asyncio.gather(
            *(
                store.put(document("same", digest=str(n)), [str(n)] * 3, pointing(0, 1, 2), MODEL)
                for n in range(5)
            )
        )

    run(both())
    stored = run(store.get("same"))
    assert stored is not None
    assert stored.chunks == 3
    assert {each.text for each in run(store.search("", towards(0), MODEL, 20))} == {
        stored.document.digest[0]
    }


def test_postgresql_goes_through_its_indexes(
    store: ChunkStore, storage: Database, run: Run
) -> None:
    if storage.engine.name != "postgresql":
        pytest.skip("SQLite looks at each vector")
    plans: list[str] = []

    async def explain() -> None:
        vector = f"[{','.join(['0.5'] * 384)}]"
        async with storage.session() as session:
            await session.execute(text("SET LOCAL enable_seqscan = off"))
            await session.execute(text("SET LOCAL enable_sort = off"))
            query = chunk_search.nearest_in_postgresql(384)
            rows = await session.scalars(
                text(f"EXPLAIN {query}"), {"model": MODEL, "vector": vector, "limit": 5}
            )
            plans.append("\n".join(rows))

    run(explain())
    assert "ix_chunk_embedding_384" in plans[0]
