"""`GET /v1/usage`: what the caller's own requests came to."""

from datetime import UTC, datetime
from typing import Annotated, Any

from fastapi import APIRouter, Depends, Query
from sqlalchemy import ColumnElement, extract, func, select

from app.database import Database, DatabaseDep
from app.keys import Caller, require
from app.models import UsageRecord, utcnow
from app.stores import PricesDep
from intelligence.api import usage as api
from intelligence.api.problems import responses

DAY_SECONDS = 86400

router = APIRouter(prefix="/v1", tags=["usage"], responses=responses(401, 422, 429))


@router.get("/usage", summary="Your own usage")
async def list_usage(
    caller: Annotated[Caller, Depends(require())],
    database: DatabaseDep,
    prices: PricesDep,
    days: Annotated[
        int, Query(ge=1, le=api.MOST_DAYS, description="The last ones, today included.")
    ] = api.DAYS,
) -> api.UsageList:
    """Of the caller: requests, tokens, cost and times, by day and operation."""
    found = await used(database, caller.key_id, api.beginning(utcnow(), days))
    return api.UsageList.of(found, prices.currency)


async def used(database: Database, key_id: str, since: datetime) -> list[api.Used]:
    """By day, the newest first, and operation."""
    day = midnight()
    rows = (
        select(
            day,
            UsageRecord.operation,
            func.count(),
            func.count() - func.count(UsageRecord.cost_nano),
            func.sum(UsageRecord.input_tokens),
            func.sum(UsageRecord.output_tokens),
            func.sum(UsageRecord.cost_nano),
            func.avg(UsageRecord.latency_ms),
            func.avg(UsageRecord.first_token_ms),
        )
        .where(UsageRecord.key_id == key_id, UsageRecord.created_at >= since)
        .group_by(day, UsageRecord.operation)
        .order_by(day.desc(), UsageRecord.operation)
    )
    async with database.reading() as session:
        return [
            api.Used(datetime.fromtimestamp(int(at), UTC).date(), *figures)
            for at, *figures in await session.execute(rows)
        ]


def midnight() -> ColumnElement[Any]:
    """The beginning of a record's day in UTC, in seconds since 1970, on SQLite and PostgreSQL.

    SQLite reckons in whole milliseconds: half a one before midnight is the next day already.
    """
    seconds = extract("epoch", UsageRecord.created_at)
    return seconds - seconds % DAY_SECONDS
