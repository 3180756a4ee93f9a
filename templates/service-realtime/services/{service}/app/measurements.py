"""Measurements and their windows in SQL: an `intelligence.measurements.ports.MeasurementStore`."""

from collections.abc import Callable, Collection, Sequence
from datetime import datetime, timedelta
from typing import Any, cast

from sqlalchemy import (
    JSON,
    BigInteger,
    CursorResult,
    Delete,
    ForeignKey,
    Index,
    Integer,
    String,
    UniqueConstraint,
    delete,
    insert,
    select,
    update,
)
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import Mapped, mapped_column

from app.database import Database
from app.models import ApiKey, Base, utcnow
from intelligence.measurements import windows
from intelligence.measurements.anomalies import BASELINE
from intelligence.measurements.columns import columns, window
from intelligence.measurements.ports import Added, Closed
from intelligence.measurements.windows import Measurement, Name, Window

BIG = BigInteger().with_variant(Integer, "sqlite")


class MeasurementRecord(Base):
    """What was sent, once. `late`: too late for its shortest window."""

    __tablename__ = "measurement"
    __table_args__ = (UniqueConstraint("key_id", "measurement_id"), Index(None, "received_at"))

    id: Mapped[int] = mapped_column(BIG, primary_key=True)
    key_id: Mapped[str] = mapped_column(ForeignKey(ApiKey.id))
    measurement_id: Mapped[str] = mapped_column(String(64))
    metric: Mapped[str] = mapped_column(String(64))
    dimensions: Mapped[str] = mapped_column(String(500))
    value: Mapped[float]
    occurred_at: Mapped[datetime]
    received_at: Mapped[datetime]
    late: Mapped[bool]


class WindowRecord(Base):
    """An `intelligence.measurements.windows.Window`, by its columns."""

    __tablename__ = "measurement_window"
    __table_args__ = (
        # In the order in which it is read: the windows of a metric in a time, of any series.
        UniqueConstraint(
            "key_id", "metric", "seconds", "starts_at", "dimensions", name="uq_measurement_window"
        ),
        Index(None, "closed", "closes_at"),
        Index(None, "seconds", "starts_at"),
    )

    id: Mapped[int] = mapped_column(BIG, primary_key=True)
    key_id: Mapped[str] = mapped_column(ForeignKey(ApiKey.id))
    metric: Mapped[str] = mapped_column(String(64))
    dimensions: Mapped[str] = mapped_column(String(500))
    seconds: Mapped[int]
    starts_at: Mapped[datetime]
    closes_at: Mapped[datetime]
    count: Mapped[int] = mapped_column(BigInteger)
    total: Mapped[float]
    least: Mapped[float | None]
    most: Mapped[float | None]
    buckets: Mapped[dict[str, int]] = mapped_column(JSON)
    late: Mapped[int] = mapped_column(BigInteger)
    closed: Mapped[bool]


class SqlMeasurements:
    """A transaction a call; whoever changes windows of a key locks the row of that key first."""

    def __init__(self, database: Database, clock: Callable[[], datetime] = utcnow) -> None:
        self._database = database
        self._clock = clock

    async def add(
        self, key_id: str, measurements: Sequence[Measurement], lateness: timedelta
    ) -> Added:
        async with self._database.session() as session:
            await _lock(session, key_id)
            now = self._clock()  # not before: what was closed meanwhile must be seen as closed
            new = windows.distinct(measurements, await _known(session, key_id, measurements))
            rows = await _rows(
                session, key_id, {name for each in new for name in windows.names(each)}
            )
            before = {name: window(row) for name, row in rows.items()}
            changed = windows.taken(new, before, now=now, lateness=lateness)
            late = [windows.is_late(each, now, lateness) for each in new]
            if new:
                records = [
                    _record(key_id, each, now, is_late)
                    for each, is_late in zip(new, late, strict=True)
                ]
                await session.execute(insert(MeasurementRecord), records)
            for each in changed:
                row = rows.get(each.name)
                if row is None:
                    session.add(WindowRecord(key_id=key_id, **columns(each)))
                else:
                    for column, value in columns(each).items():
                        setattr(row, column, value)
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
        query = (
            select(WindowRecord)
            .where(
                WindowRecord.key_id == key_id,
                WindowRecord.metric == metric,
                WindowRecord.seconds == int(length.total_seconds()),
                WindowRecord.starts_at >= start,
                WindowRecord.starts_at < end,
            )
            .order_by(WindowRecord.starts_at, WindowRecord.dimensions)
            .limit(limit)
        )
        if dimensions is not None:
            query = query.where(WindowRecord.dimensions == dimensions)
        async with self._database.reading() as session:
            return [window(row) for row in await session.scalars(query)]

    async def close(self, limit: int) -> Sequence[Closed]:
        now = self._clock()
        due = ~WindowRecord.closed, WindowRecord.closes_at <= now
        async with self._database.reading() as session:
            owners = await session.scalars(select(WindowRecord.key_id).where(*due).distinct())
        closed: list[Closed] = []
        for key_id in owners:
            query = (
                select(WindowRecord)
                .where(WindowRecord.key_id == key_id, *due)
                .order_by(WindowRecord.starts_at, WindowRecord.id)
                .limit(limit - len(closed))
            )
            async with self._database.session() as session:
                await _lock(session, key_id)
                rows = (await session.scalars(query)).all()
                ids = [row.id for row in rows]
                await session.execute(
                    update(WindowRecord).where(WindowRecord.id.in_(ids)).values(closed=True)
                )
                closed += [Closed(key_id, window(row), await _before(session, row)) for row in rows]
            if len(closed) >= limit:
                break
        return closed

    async def prune(self, measurements_until: datetime, windows_until: datetime) -> int:
        shortest = WindowRecord.seconds == int(windows.SHORTEST.total_seconds())
        gone = (
            delete(MeasurementRecord).where(MeasurementRecord.received_at < measurements_until),
            delete(WindowRecord).where(shortest, WindowRecord.starts_at < measurements_until),
            delete(WindowRecord).where(~shortest, WindowRecord.starts_at < windows_until),
        )
        async with self._database.session() as session:
            return sum([await _deleted(session, each) for each in gone])


async def _lock(session: AsyncSession, key_id: str) -> None:
    """On SQLite, where one transaction writes at a time, that is so already."""
    key = select(ApiKey.id).where(ApiKey.id == key_id)
    await session.execute(key.with_for_update(key_share=True))


async def _known(
    session: AsyncSession, key_id: str, measurements: Sequence[Measurement]
) -> Collection[str]:
    query = select(MeasurementRecord.measurement_id).where(
        MeasurementRecord.key_id == key_id,
        MeasurementRecord.measurement_id.in_([each.id for each in measurements]),
    )
    return (await session.scalars(query)).all()


async def _rows(
    session: AsyncSession, key_id: str, names: Collection[Name]
) -> dict[Name, WindowRecord]:
    query = select(WindowRecord).where(
        WindowRecord.key_id == key_id,
        WindowRecord.metric.in_({each.metric for each in names}),
        WindowRecord.starts_at.in_({each.start for each in names}),
        WindowRecord.dimensions.in_({each.dimensions for each in names}),
    )
    rows = {window(row).name: row for row in await session.scalars(query)}
    return {name: row for name, row in rows.items() if name in names}


async def _before(session: AsyncSession, row: WindowRecord) -> Sequence[Window]:
    query = (
        select(WindowRecord)
        .where(
            WindowRecord.key_id == row.key_id,
            WindowRecord.metric == row.metric,
            WindowRecord.seconds == row.seconds,
            WindowRecord.starts_at >= row.starts_at - timedelta(seconds=BASELINE * row.seconds),
            WindowRecord.starts_at < row.starts_at,
            WindowRecord.dimensions == row.dimensions,
        )
        .order_by(WindowRecord.starts_at)
    )
    return [window(each) for each in await session.scalars(query)]


async def _deleted(session: AsyncSession, rows: Delete) -> int:
    return cast("CursorResult[Any]", await session.execute(rows)).rowcount


def _record(key_id: str, each: Measurement, now: datetime, late: bool) -> dict[str, object]:
    return {
        "key_id": key_id,
        "measurement_id": each.id,
        "metric": each.metric,
        "dimensions": each.dimensions,
        "value": each.value,
        "occurred_at": each.occurred_at,
        "received_at": now,
        "late": late,
    }
