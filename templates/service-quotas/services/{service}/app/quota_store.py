"""What keys may use and have used, in SQL: added up in the transaction that records the usage."""

from collections import Counter
from collections.abc import Sequence
from datetime import UTC, date, datetime, time

from sqlalchemy import (
    BigInteger,
    ColumnElement,
    ForeignKey,
    bindparam,
    case,
    delete,
    func,
    select,
    update,
)
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import Mapped, mapped_column

from app.database import Database
from app.events import happened
from app.models import ApiKey, Base, UsageRecord, utcnow
from app.stores import Entry
from intelligence.api.quotas import Counts, periods


class KeyQuota(Base):
    """A key without a row has no quota.

    Attributes:
        month: the first day of the one that `tokens` are of.
        day: the one that `requests` are of.
    """

    __tablename__ = "key_quota"

    key_id: Mapped[str] = mapped_column(ForeignKey(ApiKey.id), primary_key=True)
    tokens_a_month: Mapped[int | None] = mapped_column(BigInteger)
    requests_a_day: Mapped[int | None] = mapped_column(BigInteger)
    tokens: Mapped[int] = mapped_column(BigInteger)
    requests: Mapped[int] = mapped_column(BigInteger)
    month: Mapped[date]
    day: Mapped[date]


class SqlQuotas:
    def __init__(self, database: Database) -> None:
        self._database = database

    async def counts(self, key_id: str) -> Counts | None:
        """None: the key has no quota."""
        async with self._database.reading() as session:
            row = await session.get(KeyQuota, key_id)
        if row is None:
            return None
        return Counts(
            row.tokens_a_month, row.requests_a_day, row.tokens, row.requests, row.month, row.day
        )

    async def put(self, key_id: str, tokens: int | None, requests: int | None) -> bool:
        """In place of what was set; what was used of the month and day counts. False: no such key.

        Args:
            tokens: a month.
            requests: a day.
        """
        month, day = periods(utcnow())
        async with self._database.session() as session:
            if await session.get(ApiKey, key_id, with_for_update=True) is None:
                return False
            await session.execute(delete(KeyQuota).where(KeyQuota.key_id == key_id))
            happened(session, "key.limited", key_id)
            if tokens is None and requests is None:
                return True
            every = UsageRecord.input_tokens + UsageRecord.output_tokens
            used = select(func.coalesce(func.sum(every), 0), func.count()).where(
                UsageRecord.key_id == key_id
            )
            read, _ = (await session.execute(used.where(since(month)))).one()
            _, asked = (await session.execute(used.where(since(day)))).one()
            row = KeyQuota(
                key_id=key_id,
                tokens_a_month=tokens,
                requests_a_day=requests,
                tokens=int(read),
                requests=asked,
                month=month,
                day=day,
            )
            session.add(row)
            return True


def since(day: date) -> ColumnElement[bool]:
    return UsageRecord.created_at >= datetime.combine(day, time.min, UTC)


# What is written late, when a new month or day has begun, counts for that.
COUNT = (
    update(KeyQuota)
    .where(KeyQuota.key_id == bindparam("of"))
    .values(
        tokens=bindparam("read")
        + case((KeyQuota.month >= bindparam("in_month"), KeyQuota.tokens), else_=0),
        month=case(
            (KeyQuota.month > bindparam("in_month"), KeyQuota.month), else_=bindparam("in_month")
        ),
        requests=bindparam("asked")
        + case((KeyQuota.day >= bindparam("on_day"), KeyQuota.requests), else_=0),
        day=case((KeyQuota.day > bindparam("on_day"), KeyQuota.day), else_=bindparam("on_day")),
    )
)


async def count(session: AsyncSession, entries: Sequence[Entry]) -> None:
    """For the sink of usage: adds up what is being recorded."""
    tokens, requests = Counter[tuple[str, date]](), Counter[tuple[str, date]]()
    for entry in entries:
        usage = entry.usage
        if usage.key_id is not None:
            of = usage.key_id, entry.created_at.date()
            tokens[of] += usage.input_tokens + usage.output_tokens
            requests[of] += 1
    # In one order, so that two processes never wait for each other's rows.
    for key_id, day in sorted(requests):
        values = {
            "of": key_id,
            "read": tokens[key_id, day],
            "asked": requests[key_id, day],
            "in_month": day.replace(day=1),
            "on_day": day,
        }
        await session.execute(COUNT, values)
