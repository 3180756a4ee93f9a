"""Measurements and their windows in SQL: an `intelligence.measurements.ports.MeasurementStore`."""

from collections.abc import Callable, Collection, Sequence
from datetime import datetime, timedelta

from django.db import transaction
from django.db.models import Q, QuerySet
from django.utils import timezone

from apps.ai.models import ApiKey
from apps.core.threads import query
from apps.realtime import models
from intelligence.measurements import windows
from intelligence.measurements.anomalies import BASELINE
from intelligence.measurements.columns import columns, window
from intelligence.measurements.ports import Added, Closed
from intelligence.measurements.windows import Measurement, Name, Window

SHORTEST = Q(seconds=int(windows.SHORTEST.total_seconds()))


class DjangoMeasurements:
    """A transaction a call; whoever changes windows of a key locks the row of that key first. No
    connection outlives a call."""

    def __init__(self, clock: Callable[[], datetime] = timezone.now) -> None:
        self._clock = clock

    async def add(
        self, key_id: str, measurements: Sequence[Measurement], lateness: timedelta
    ) -> Added:
        return await query(self._add, key_id, measurements, lateness)

    @transaction.atomic
    def _add(self, key_id: str, measurements: Sequence[Measurement], lateness: timedelta) -> Added:
        _lock(key_id)
        now = self._clock()  # not before: what was closed meanwhile must be seen as closed
        new = windows.distinct(measurements, _known(key_id, measurements))
        rows = _rows(key_id, {name for each in new for name in windows.names(each)})
        before = {name: window(row) for name, row in rows.items()}
        changed = windows.taken(new, before, now=now, lateness=lateness)
        late = [windows.is_late(each, now, lateness) for each in new]
        models.Measurement.objects.bulk_create(
            _record(key_id, each, now, is_late) for each, is_late in zip(new, late, strict=True)
        )
        made = []
        for each in changed:
            row = rows.get(each.name)
            if row is None:
                made.append(models.Window(key_id=key_id, **columns(each)))
            else:
                for column, value in columns(each).items():
                    setattr(row, column, value)
        models.Window.objects.bulk_create(made)
        if rows:
            figures = ["count", "total", "least", "most", "buckets", "late"]
            models.Window.objects.bulk_update(rows.values(), figures)
        return Added(len(new), len(measurements) - len(new), sum(late), changed)

    async def windows(
        self,
        key_id: str,
        metric: str,
        length: timedelta,
        *,
        start: datetime,
        end: datetime,
        dimensions: str | None,
        limit: int,
    ) -> Sequence[Window]:
        rows = models.Window.objects.filter(
            key=key_id,
            metric=metric,
            seconds=int(length.total_seconds()),
            starts_at__gte=start,
            starts_at__lt=end,
        ).order_by("starts_at", "dimensions")
        if dimensions is not None:
            rows = rows.filter(dimensions=dimensions)
        return [window(row) for row in await query(list, rows[:limit])]

    async def close(self, limit: int) -> Sequence[Closed]:
        return await query(self._close, limit)

    def _close(self, limit: int) -> Sequence[Closed]:
        due = models.Window.objects.filter(closed=False, closes_at__lte=self._clock())
        closed: list[Closed] = []
        for key_id in due.values_list("key_id", flat=True).distinct().order_by("key_id"):
            of_key = due.filter(key=key_id).order_by("starts_at", "id")[: limit - len(closed)]
            with transaction.atomic():
                _lock(key_id)
                rows = list(of_key)
                models.Window.objects.filter(id__in=[row.id for row in rows]).update(closed=True)
                for row in rows:
                    row.closed = True
                    closed.append(Closed(key_id, window(row), _before(row)))
            if len(closed) >= limit:
                break
        return closed

    async def prune(self, measurements_until: datetime, windows_until: datetime) -> int:
        gone: Sequence[QuerySet[models.Measurement] | QuerySet[models.Window]] = (
            models.Measurement.objects.filter(received_at__lt=measurements_until),
            models.Window.objects.filter(SHORTEST, starts_at__lt=measurements_until),
            models.Window.objects.filter(~SHORTEST, starts_at__lt=windows_until),
        )

        @transaction.atomic
        def delete() -> int:
            return sum(rows.delete()[0] for rows in gone)

        return await query(delete)


def _lock(key_id: str) -> None:
    """On SQLite, where one transaction writes at a time, that is so already."""
    ApiKey.objects.select_for_update(no_key=True).filter(id=key_id).first()


def _known(key_id: str, measurements: Sequence[Measurement]) -> Collection[str]:
    ids = [each.id for each in measurements]
    known = models.Measurement.objects.filter(key=key_id, measurement_id__in=ids)
    return list(known.values_list("measurement_id", flat=True))


def _rows(key_id: str, names: Collection[Name]) -> dict[Name, models.Window]:
    found = models.Window.objects.filter(
        key=key_id,
        metric__in={each.metric for each in names},
        starts_at__in={each.start for each in names},
        dimensions__in={each.dimensions for each in names},
    )
    rows = {window(row).name: row for row in found}
    return {name: row for name, row in rows.items() if name in names}


def _before(row: models.Window) -> Sequence[Window]:
    rows = models.Window.objects.filter(
        key=row.key_id,
        metric=row.metric,
        seconds=row.seconds,
        starts_at__gte=row.starts_at - timedelta(seconds=BASELINE * row.seconds),
        starts_at__lt=row.starts_at,
        dimensions=row.dimensions,
    )
    return [window(each) for each in rows.order_by("starts_at")]


def _record(key_id: str, each: Measurement, now: datetime, late: bool) -> models.Measurement:
    return models.Measurement(
        key_id=key_id,
        measurement_id=each.id,
        metric=each.metric,
        dimensions=each.dimensions,
        value=each.value,
        occurred_at=each.occurred_at,
        received_at=now,
        late=late,
    )
