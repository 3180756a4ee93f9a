"""Items and what was done with them, kept in SQL: the stores of `intelligence.recommending.ports`.

They are coroutines that block, see `apps.recommendations.blocking`. An item's heat changes with
each event of it, under a lock on its row, so that none is lost.
"""

import sys
from collections.abc import Collection, Mapping, Sequence
from datetime import datetime
from typing import Any

from django.db import connection, transaction
from django.db.models import QuerySet
from django.utils import timezone

from apps.recommendations import models
from apps.recommendations.models import ItemEvent
from apps.vectors.fields import as_text
from intelligence.ports import Matrix, Vector
from intelligence.recommending.popularity import heated
from intelligence.recommending.ports import Candidate, Event, Item, Kept, Outdated, Past, Recorded
from intelligence.recommending.scan import PART, SCANNED, Scan


class DjangoItems:
    """An `ItemStore`."""

    async def get(self, owner: str, ids: Collection[str]) -> Mapping[str, Kept]:
        return {row.name: _kept(row) for row in _of(owner).filter(name__in=ids)}

    async def put(self, owner: str, items: Sequence[Item], vectors: Matrix, model: str) -> None:
        now = timezone.now()
        rows = [
            models.Item(
                owner=owner,
                name=item.id,
                title=item.title,
                text=item.text,
                model=model,
                embedding=vector,
                added_at=now,
                changed_at=now,
            )
            for item, vector in zip(items, vectors, strict=True)
        ]
        with transaction.atomic():
            models.Item.objects.bulk_create(
                # In one order, so that two who put the same wait for each other, and no deadlock.
                sorted(rows, key=lambda row: row.name),
                update_conflicts=True,
                unique_fields=["owner", "name"],
                update_fields=["title", "text", "model", "embedding", "changed_at"],
            )

    async def all(self, owner: str, *, after: str, limit: int) -> Sequence[Kept]:
        return [_kept(row) for row in _of(owner).filter(name__gt=after).order_by("name")[:limit]]

    async def delete(self, owner: str, item_id: str) -> bool:
        deleted, _ = _of(owner).filter(name=item_id).delete()
        return deleted > 0

    async def vectors(self, owner: str, ids: Collection[str], model: str) -> Mapping[str, Vector]:
        rows = _of(owner).filter(name__in=ids, model=model)
        return dict(rows.values_list("name", "embedding"))

    async def nearest(
        self, owner: str, vectors: Matrix, model: str, limit: int, without: Collection[str]
    ) -> Sequence[Candidate]:
        look = _scanned if connection.vendor == "sqlite" else _indexed
        rows = look(owner, vectors, model, limit, without)
        return _candidates(models.Item.objects.filter(id__in=rows))

    async def popular(
        self, owner: str, model: str, limit: int, without: Collection[str]
    ) -> Sequence[Candidate]:
        rows = _of(owner).filter(heat__isnull=False, model=model).exclude(name__in=without)
        return _candidates(rows.order_by("-heat", "name")[:limit])

    async def newest(
        self, owner: str, model: str, limit: int, without: Collection[str]
    ) -> Sequence[Candidate]:
        rows = _of(owner).filter(model=model).exclude(name__in=without)
        return _candidates(rows.order_by("-id")[:limit])

    async def outdated(self, model: str, after: int) -> Outdated | None:
        rows = models.Item.objects.filter(id__gt=after).exclude(model=model)
        row = rows.order_by("id").first()
        return None if row is None else Outdated(row.id, _item(row))

    async def refresh(self, outdated: Outdated, vector: Vector, model: str) -> bool:
        item = outdated.item
        same = models.Item.objects.filter(id=outdated.row, title=item.title, text=item.text)
        return same.update(embedding=vector, model=model) == 1


class DjangoEvents:
    """An `EventStore`."""

    @transaction.atomic
    def _record(self, owner: str, events: Sequence[Event]) -> Recorded:
        items = _of(owner).filter(name__in={each.item_id for each in events}).order_by("id")
        known = {row.name: row for row in items.select_for_update()}
        sent = ItemEvent.objects.filter(owner=owner, name__in=[each.id for each in events])
        before = frozenset(sent.values_list("name", flat=True))
        new = [each for each in events if each.item_id in known and each.id not in before]
        ItemEvent.objects.bulk_create(
            ItemEvent(
                owner=owner,
                name=each.id,
                subject=each.subject,
                item=known[each.item_id],
                kind=each.kind,
                at=each.at,
            )
            for each in new
        )
        for name, row in known.items():
            deeds = [(each.kind, each.at) for each in new if each.item_id == name]
            row.heat = heated(row.heat, deeds)
        models.Item.objects.bulk_update(known.values(), ["heat"])
        unknown = frozenset(each.id for each in events if each.item_id not in known)
        return Recorded(frozenset(each.id for each in new), unknown)

    async def record(self, owner: str, events: Sequence[Event]) -> Recorded:
        return self._record(owner, events)

    async def history(self, owner: str, subject: str, limit: int) -> Sequence[Past]:
        rows = ItemEvent.objects.filter(owner=owner, subject=subject).order_by("-at", "-id")
        return [_past(*row) for row in rows.values_list("item__name", "kind", "at")[:limit]]

    async def forget(self, before: datetime, limit: int) -> None:
        oldest = ItemEvent.objects.filter(at__lt=before).order_by("at").values("id")[:limit]
        ItemEvent.objects.filter(id__in=oldest).delete()


def _scanned(
    owner: str, vectors: Matrix, model: str, limit: int, without: Collection[str]
) -> list[int]:
    """Exact, of the newest."""
    marks = ", ".join(["%s"] * len(without))
    query = (
        "SELECT id, embedding FROM item WHERE owner = %s AND model = %s AND length(embedding) = %s"  # noqa: S608 - holds placeholders alone
        f" AND name NOT IN ({marks}) AND id < %s ORDER BY id DESC LIMIT %s"
    )
    scan, before = Scan(vectors, limit), sys.maxsize
    with connection.cursor() as cursor:
        for _ in range(SCANNED // PART):
            values = [owner, model, 4 * vectors.shape[1], *without, before, PART]
            rows = cursor.execute(query, values).fetchall()
            if rows:
                before = rows[-1][0]
                scan.look(rows)
            if len(rows) < PART:
                break
    return scan.best()


def _indexed(
    owner: str, vectors: Matrix, model: str, limit: int, without: Collection[str]
) -> list[int]:
    """Through the index for vectors of this length, else exact."""
    query = nearest_in_postgresql(vectors.shape[1])
    found: set[int] = set()
    with transaction.atomic(), connection.cursor() as cursor:
        # The index looks on until enough items are this owner's.
        cursor.execute(
            "SELECT set_config('hnsw.ef_search', '100', true),"
            " set_config('hnsw.iterative_scan', 'strict_order', true)"
        )
        for vector in vectors:
            cursor.execute(query, [owner, model, [*without], as_text(vector), limit])
            found.update(row[0] for row in cursor.fetchall())
    return sorted(found)


def nearest_in_postgresql(dimensions: int) -> str:
    """In the words of the indexes, so that the one for so many dimensions is used. Takes the owner,
    the model, the names to leave out, the vector as text, and how many."""
    return (
        "SELECT id FROM item"  # noqa: S608 - holds a number, no words
        f" WHERE owner = %s AND model = %s AND vector_dims(embedding) = {dimensions}"
        " AND name <> ALL(%s::text[])"
        f" ORDER BY (embedding::vector({dimensions})) <=> (%s::text)::vector({dimensions}) LIMIT %s"
    )


def _of(owner: str) -> QuerySet[models.Item]:
    """The items of one owner: for others there are none."""
    return models.Item.objects.filter(owner=owner)


def _candidates(rows: QuerySet[models.Item]) -> list[Candidate]:
    return [Candidate(*row) for row in rows.values_list("name", "title", "embedding", "heat")]


def _kept(row: models.Item) -> Kept:
    return Kept(_item(row), row.model, row.added_at, row.changed_at)


def _item(row: models.Item) -> Item:
    return Item(row.name, row.title, row.text)


def _past(item_id: str, kind: Any, at: datetime) -> Past:
    """`kind` is one, as it was given."""
    return Past(item_id, kind, at)
