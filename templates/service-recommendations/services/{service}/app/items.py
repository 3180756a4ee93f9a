"""Items and what was done with them in SQL: the tables, and the stores over them.

An item's heat changes with each event of it, under a lock on its row, so that none is lost.
"""

import sys
from collections.abc import Collection, Mapping, Sequence
from datetime import datetime

from sqlalchemy import (
    BigInteger,
    ForeignKey,
    Index,
    Integer,
    Select,
    String,
    Text,
    UniqueConstraint,
    bindparam,
    delete,
    select,
    text,
    update,
)
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.orm import Mapped, mapped_column

from app.database import Database
from app.models import BY_HAND, Base, utcnow
from app.vectors import Embedding, as_text
from intelligence.ports import Matrix, Vector
from intelligence.recommending.popularity import heated
from intelligence.recommending.ports import (
    Candidate,
    Event,
    Item,
    Kept,
    Kind,
    Outdated,
    Past,
    Recorded,
)
from intelligence.recommending.scan import PART, SCANNED, Scan

BY_HAND |= {"ix_item_embedding_384"}

ROW = BigInteger().with_variant(Integer, "sqlite")


class ItemRecord(Base):
    """`intelligence.recommending.ports.Kept`, with whose it is, its vector and its heat."""

    __tablename__ = "item"
    __table_args__ = (
        UniqueConstraint("owner", "name"),
        Index(None, "owner", "heat"),
        Index(None, "owner", "model", "id"),
    )

    id: Mapped[int] = mapped_column(ROW, primary_key=True)
    owner: Mapped[str] = mapped_column(String(100))
    name: Mapped[str] = mapped_column(String(100))
    title: Mapped[str] = mapped_column(String(300))
    text: Mapped[str] = mapped_column(Text)
    model: Mapped[str] = mapped_column(String(100))
    embedding: Mapped[Vector] = mapped_column(Embedding)
    heat: Mapped[float | None]
    added_at: Mapped[datetime]
    changed_at: Mapped[datetime]


class ItemEventRecord(Base):
    """`intelligence.recommending.ports.Event`, with whose it is."""

    __tablename__ = "item_event"
    __table_args__ = (
        UniqueConstraint("owner", "name"),
        Index(None, "owner", "subject", "at"),
        Index(None, "item_id"),
        Index(None, "at"),
    )

    id: Mapped[int] = mapped_column(ROW, primary_key=True)
    owner: Mapped[str] = mapped_column(String(100))
    name: Mapped[str] = mapped_column(String(100))
    subject: Mapped[str] = mapped_column(String(100))
    item_id: Mapped[int] = mapped_column(ForeignKey(ItemRecord.id, ondelete="CASCADE"))
    kind: Mapped[Kind] = mapped_column(String(20))
    at: Mapped[datetime]


class SqlItems:
    """An `intelligence.recommending.ports.ItemStore`. No session outlives a call of it."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._on_sqlite = database.engine.name == "sqlite"

    async def get(self, owner: str, ids: Collection[str]) -> Mapping[str, Kept]:
        query = select(ItemRecord).where(ItemRecord.owner == owner, ItemRecord.name.in_(ids))
        async with self._database.reading() as session:
            return {row.name: _kept(row) for row in await session.scalars(query)}

    async def put(self, owner: str, items: Sequence[Item], vectors: Matrix, model: str) -> None:
        now = utcnow()
        rows = [
            {
                "owner": owner,
                "name": item.id,
                "title": item.title,
                "text": item.text,
                "model": model,
                "embedding": vector,
                "added_at": now,
                "changed_at": now,
            }
            # In one order, so that two who put the same wait for each other, and no deadlock.
            for item, vector in sorted(
                zip(items, vectors, strict=True), key=lambda pair: pair[0].id
            )
        ]
        new = (sqlite.insert if self._on_sqlite else postgresql.insert)(ItemRecord)
        replaced = {
            each: new.excluded[each]
            for each in ("title", "text", "model", "embedding", "changed_at")
        }
        query = new.values(rows).on_conflict_do_update(
            index_elements=["owner", "name"], set_=replaced
        )
        async with self._database.session() as session:
            await session.execute(query)

    async def all(self, owner: str, *, after: str, limit: int) -> Sequence[Kept]:
        query = (
            select(ItemRecord)
            .where(ItemRecord.owner == owner, ItemRecord.name > after)
            .order_by(ItemRecord.name)
            .limit(limit)
        )
        async with self._database.reading() as session:
            return [_kept(row) for row in await session.scalars(query)]

    async def delete(self, owner: str, item_id: str) -> bool:
        query = (
            delete(ItemRecord)
            .where(ItemRecord.owner == owner, ItemRecord.name == item_id)
            .returning(ItemRecord.id)
        )
        async with self._database.session() as session:
            return await session.scalar(query) is not None

    async def vectors(self, owner: str, ids: Collection[str], model: str) -> Mapping[str, Vector]:
        query = select(ItemRecord.name, ItemRecord.embedding).where(
            ItemRecord.owner == owner, ItemRecord.name.in_(ids), ItemRecord.model == model
        )
        async with self._database.reading() as session:
            return {row.name: row.embedding for row in await session.execute(query)}

    async def nearest(
        self, owner: str, vectors: Matrix, model: str, limit: int, without: Collection[str]
    ) -> Sequence[Candidate]:
        look = self._scanned if self._on_sqlite else self._indexed
        rows = await look(owner, vectors, model, limit, without)
        query = _candidates().where(ItemRecord.id.in_(rows))
        async with self._database.reading() as session:
            return [Candidate(*row) for row in await session.execute(query)]

    async def popular(
        self, owner: str, model: str, limit: int, without: Collection[str]
    ) -> Sequence[Candidate]:
        query = (
            _candidates()
            .where(ItemRecord.owner == owner, ItemRecord.heat.is_not(None))
            .order_by(ItemRecord.heat.desc(), ItemRecord.name)
        )
        return await self._first(query, model, limit, without)

    async def newest(
        self, owner: str, model: str, limit: int, without: Collection[str]
    ) -> Sequence[Candidate]:
        query = _candidates().where(ItemRecord.owner == owner).order_by(ItemRecord.id.desc())
        return await self._first(query, model, limit, without)

    async def outdated(self, model: str, after: int) -> Outdated | None:
        query = (
            select(ItemRecord)
            .where(ItemRecord.id > after, ItemRecord.model != model)
            .order_by(ItemRecord.id)
            .limit(1)
        )
        async with self._database.reading() as session:
            row = await session.scalar(query)
        return None if row is None else Outdated(row.id, _item(row))

    async def refresh(self, outdated: Outdated, vector: Vector, model: str) -> bool:
        item = outdated.item
        query = (
            update(ItemRecord)
            .where(
                ItemRecord.id == outdated.row,
                ItemRecord.title == item.title,
                ItemRecord.text == item.text,
            )
            .values(embedding=vector, model=model)
            .returning(ItemRecord.id)
        )
        async with self._database.session() as session:
            return await session.scalar(query) is not None

    async def _first(
        self,
        query: Select[str, str, Vector, float | None],
        model: str,
        limit: int,
        without: Collection[str],
    ) -> Sequence[Candidate]:
        query = query.where(ItemRecord.model == model, ItemRecord.name.not_in(without)).limit(limit)
        async with self._database.reading() as session:
            return [Candidate(*row) for row in await session.execute(query)]

    async def _scanned(
        self, owner: str, vectors: Matrix, model: str, limit: int, without: Collection[str]
    ) -> list[int]:
        """Exact, of the newest. A session a part, so that writers come between."""
        query = text(
            "SELECT id, embedding FROM item WHERE owner = :owner AND id < :before"
            " AND model = :model AND length(embedding) = :length AND name NOT IN :without"
            " ORDER BY id DESC LIMIT :limit"
        ).bindparams(bindparam("without", expanding=True))
        values: dict[str, object] = {
            "owner": owner,
            "model": model,
            "length": 4 * vectors.shape[1],
            "without": [*without],
            "limit": PART,
        }
        scan, before = Scan(vectors, limit), sys.maxsize
        for _ in range(SCANNED // PART):
            async with self._database.reading() as session:
                rows = (await session.execute(query, values | {"before": before})).all()
            if rows:
                before = rows[-1].id
                scan.look([(row.id, row.embedding) for row in rows])
            if len(rows) < PART:
                break
        return scan.best()

    async def _indexed(
        self, owner: str, vectors: Matrix, model: str, limit: int, without: Collection[str]
    ) -> list[int]:
        """Through the index for vectors of this length, else exact."""
        query = text(nearest_in_postgresql(vectors.shape[1]))
        found: set[int] = set()
        async with self._database.reading() as session:
            # The index looks on until enough items are this owner's.
            await session.execute(
                text(
                    "SELECT set_config('hnsw.ef_search', '100', true),"
                    " set_config('hnsw.iterative_scan', 'strict_order', true)"
                )
            )
            for vector in vectors:
                values = {
                    "owner": owner,
                    "model": model,
                    "without": [*without],
                    "vector": as_text(vector),
                    "limit": limit,
                }
                found.update(await session.scalars(query, values))
        return sorted(found)


class SqlEvents:
    """An `intelligence.recommending.ports.EventStore`."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._on_sqlite = database.engine.name == "sqlite"

    async def record(self, owner: str, events: Sequence[Event]) -> Recorded:
        items = (
            select(ItemRecord)
            .where(
                ItemRecord.owner == owner, ItemRecord.name.in_({each.item_id for each in events})
            )
            .order_by(ItemRecord.id)
            .with_for_update()
        )
        new = (sqlite.insert if self._on_sqlite else postgresql.insert)(ItemEventRecord)
        async with self._database.session() as session:
            known = {row.name: row for row in await session.scalars(items)}
            rows = [
                {
                    "owner": owner,
                    "name": each.id,
                    "subject": each.subject,
                    "item_id": known[each.item_id].id,
                    "kind": each.kind,
                    "at": each.at,
                }
                for each in events
                if each.item_id in known
            ]
            counted: frozenset[str] = frozenset()
            if rows:
                query = new.values(rows).on_conflict_do_nothing(index_elements=["owner", "name"])
                inserted = await session.scalars(query.returning(ItemEventRecord.name))
                counted = frozenset(inserted)
            for name, row in known.items():
                deeds = [
                    (each.kind, each.at)
                    for each in events
                    if each.item_id == name and each.id in counted
                ]
                row.heat = heated(row.heat, deeds)
        unknown = frozenset(each.id for each in events if each.item_id not in known)
        return Recorded(counted, unknown)

    async def history(self, owner: str, subject: str, limit: int) -> Sequence[Past]:
        query = (
            select(ItemRecord.name, ItemEventRecord.kind, ItemEventRecord.at)
            .join(ItemRecord, ItemRecord.id == ItemEventRecord.item_id)
            .where(ItemEventRecord.owner == owner, ItemEventRecord.subject == subject)
            .order_by(ItemEventRecord.at.desc(), ItemEventRecord.id.desc())
            .limit(limit)
        )
        async with self._database.reading() as session:
            return [Past(*row) for row in await session.execute(query)]

    async def forget(self, before: datetime, limit: int) -> None:
        oldest = (
            select(ItemEventRecord.id)
            .where(ItemEventRecord.at < before)
            .order_by(ItemEventRecord.at)
            .limit(limit)
        )
        async with self._database.session() as session:
            await session.execute(delete(ItemEventRecord).where(ItemEventRecord.id.in_(oldest)))


def nearest_in_postgresql(dimensions: int) -> str:
    """In the words of the indexes, so that the one for so many dimensions is used."""
    return (
        "SELECT id FROM item"  # noqa: S608 - holds a number, no words
        f" WHERE owner = :owner AND model = :model AND vector_dims(embedding) = {dimensions}"
        " AND name <> ALL(CAST(:without AS text[]))"
        f" ORDER BY (embedding::vector({dimensions}))"
        f" <=> CAST(CAST(:vector AS text) AS vector({dimensions})) LIMIT :limit"
    )


def _candidates() -> Select[str, str, Vector, float | None]:
    return select(ItemRecord.name, ItemRecord.title, ItemRecord.embedding, ItemRecord.heat)


def _kept(row: ItemRecord) -> Kept:
    return Kept(_item(row), row.model, row.added_at, row.changed_at)


def _item(row: ItemRecord) -> Item:
    return Item(row.name, row.title, row.text)
