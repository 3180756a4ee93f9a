"""The admin's start page: what the service was asked, what failed, what it read, how long it took.

The database counts, in one pass over the chosen days for each table or chart; what is drawn from it
is `intelligence.usage_charts`.
"""

from collections.abc import Iterable
from datetime import UTC, date, datetime
from typing import Any, NamedTuple

from fastapi import FastAPI
from sqladmin import Admin, BaseView, expose
from sqlalchemy import ColumnElement, Select, case, func, literal, select
from sqlalchemy.ext.asyncio import AsyncSession
from starlette.requests import Request
from starlette.responses import Response

from app.database import Database
from app.models import ApiKey, UsageRecord, utcnow
from app.settings import Settings
from app.usage_api import midnight
from intelligence import usage_charts as charts
from intelligence.usage_figures import FIRST_ERROR, Figures, busiest, days

SPANS = (7, 30, 90)  # days, today included
DEFAULT_SPAN = 30
MOST_KEYS = 10


class Row(NamedTuple):
    """A line of a table."""

    name: str
    figures: Figures
    share: str
    detail: str = ""


def grouped(by: ColumnElement[Any], since: datetime) -> Select[Any]:
    """One row a value of `by`, then the fields of `Figures` in their order."""
    of_group = (
        select(
            by.label("value"),
            UsageRecord.status,
            UsageRecord.input_tokens,
            UsageRecord.output_tokens,
            UsageRecord.latency_ms,
            UsageRecord.cost_nano,
            func.row_number().over(partition_by=by, order_by=UsageRecord.latency_ms).label("rank"),
            func.count().over(partition_by=by).label("size"),
        )
        .where(UsageRecord.created_at >= since)
        .subquery()
    )
    column = of_group.c

    def percentile(percent: int) -> ColumnElement[float | None]:
        """By nearest rank, in whole numbers: the same on every database."""
        reached = column.rank * 100 >= column.size * percent
        return func.min(case((reached, column.latency_ms)))

    return select(
        column.value,
        func.count(),
        func.sum(case((column.status >= FIRST_ERROR, 1), else_=0)),
        func.sum(column.input_tokens),
        func.sum(column.output_tokens),
        percentile(50),
        percentile(95),
        func.sum(column.cost_nano),
        func.count() - func.count(column.cost_nano),
    ).group_by(column.value)


async def figures(
    session: AsyncSession, by: ColumnElement[Any], since: datetime
) -> dict[Any, Figures]:
    rows = await session.execute(grouped(by, since))
    return {value: Figures(*counted) for value, *counted in rows}


def table(counted: Iterable[tuple[str, Figures]], names: dict[str, str] | None = None) -> list[Row]:
    rows = []
    for group, each, part in busiest(counted):
        name, detail = (names[group], group) if names and group in names else (group, "")
        rows.append(Row(name, each, charts.share(part), detail))
    return rows


class Dashboard(BaseView):
    name = "Dashboard"
    icon = "fa-solid fa-chart-column"

    @expose("/dashboard", identity="dashboard")
    async def show(self, request: Request) -> Response:
        asked = request.query_params.get("days", "")
        span = int(asked) if asked in map(str, SPANS) else DEFAULT_SPAN
        context = await report(request.app.state.database, utcnow().date(), span)
        context |= {"title": "Dashboard", "span": span, "spans": SPANS}
        context["cost"] = request.app.state.prices.shown
        return await self.templates.TemplateResponse(request, "dashboard.html", context)


async def report(database: Database, today: date, span: int) -> dict[str, Any]:
    """What the page shows of the `span` days up to today."""
    axis = days(today, span)
    since = datetime.combine(axis[0], datetime.min.time(), UTC)
    async with database.reading() as session:
        everything = await figures(session, literal(1), since)
        by_midnight = await figures(session, midnight(), since)
        by_operation = await figures(session, UsageRecord.operation.expression, since)
        by_key = await figures(session, UsageRecord.key_id.expression, since)
        names = {key.id: key.name for key in await session.scalars(select(ApiKey))}
    by_day = {datetime.fromtimestamp(int(at), UTC).date(): each for at, each in by_midnight.items()}
    data = [(day, by_day.get(day, Figures())) for day in axis]
    keys = table(((key or "none", each) for key, each in by_key.items()), names)
    plots = [
        ("Requests a day", charts.bars, charts.REQUESTS, "", charts.WHOLE),
        ("Tokens a day", charts.bars, charts.TOKENS, "", charts.HALF),
        ("Latency a day, in ms", charts.lines, charts.LATENCY, " ms", charts.HALF),
    ]
    return {
        "total": everything.get(1, Figures()),
        "charts": [
            {
                "title": title,
                "svg": draw(title, data, series, unit, width),
                "legend": charts.legend(series),
            }
            for title, draw, series, unit, width in plots
        ],
        "tables": [
            ("Operation", table(by_operation.items()), 0),
            ("API key", keys[:MOST_KEYS], len(keys[MOST_KEYS:])),
        ],
    }


def install(app: FastAPI, _: Settings) -> None:
    admin: Admin = app.state.admin
    admin.add_view(Dashboard)
    # The first of the menu is the start page.
    admin._menu.items.insert(0, admin._menu.items.pop())
