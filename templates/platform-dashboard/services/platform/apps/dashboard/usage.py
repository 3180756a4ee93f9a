"""What the start page shows of recorded usage.

The database counts, in one pass over the chosen days for each chart or table; what the counts mean
and what is drawn from them is `intelligence.usage_figures` and `intelligence.usage_charts`.
"""

from collections.abc import Callable, Iterable, Mapping
from datetime import UTC, date, datetime, time
from typing import Any, NamedTuple

from django.db.models import Count, F, Q, Sum, Value, Window
from django.db.models.expressions import BaseExpression
from django.db.models.functions import RowNumber, TruncDate

from apps.ai.models import UsageRecord
from apps.dashboard import callers
from intelligence import usage_charts as charts
from intelligence.usage_figures import FIRST_ERROR, Figures, busiest, days

SPANS = (7, 30, 90)  # days, today included
DEFAULT_SPAN = 30
MOST_CALLERS = 10


class Row(NamedTuple):
    """A line of a table."""

    name: str
    figures: Figures
    share: str
    detail: str = ""


def figures(by: BaseExpression | F, since: datetime) -> dict[Any, Figures]:
    """Figures of each value of `by`.

    A row carries the counts of its group. Kept are the rows at the group's percentiles of latency,
    by nearest rank in whole numbers: the same on every database.
    """

    def of_group(aggregate: Count | Sum | RowNumber, **order: Any) -> Window:
        return Window(aggregate, partition_by=[by], **order)

    def at_percentile(percent: int) -> Q:
        return Q(before__lt=F("requests") * percent, reached__gte=F("requests") * percent)

    rows = (
        UsageRecord.objects.filter(created_at__gte=since)
        .annotate(
            value=by,
            requests=of_group(Count("pk")),
            errors=of_group(Count("pk", filter=Q(status__gte=FIRST_ERROR))),
            read=of_group(Sum("input_tokens")),
            written=of_group(Sum("output_tokens")),
            cost=of_group(Sum("cost_nano")),
            unpriced=of_group(Count("pk", filter=Q(cost_nano=None))),
            rank=of_group(RowNumber(), order_by=["latency_ms", "pk"]),
        )
        .annotate(before=(F("rank") - 1) * 100, reached=F("rank") * 100)
        .filter(at_percentile(50) | at_percentile(95))
        .order_by("rank")
        .values_list(
            "value", "requests", "errors", "read", "written", "latency_ms", "cost", "unpriced"
        )
    )
    found: dict[Any, Figures] = {}
    for value, requests, errors, read, written, latency, cost, unpriced in rows:
        lower = found[value].latency_p50_ms if value in found else latency
        found[value] = Figures(requests, errors, read, written, lower, latency, cost, unpriced)
    return found


def table(
    heading: str,
    counted: Mapping[Any, Figures],
    labels: Callable[[Iterable[Any]], Mapping[Any, tuple[str, str]]] = lambda _: {},
    most: int | None = None,
) -> tuple[str, list[Row], int]:
    """The `most` busiest groups, by name and detail where `labels` has them; how many more are."""
    ordered = list(busiest(counted.items()))
    shown = ordered[:most]
    named = labels([group for group, *_ in shown])
    rows = []
    for group, each, part in shown:
        name, detail = named.get(group, (group or callers.NOBODY, ""))
        rows.append(Row(name, each, charts.share(part), detail))
    return heading, rows, len(ordered) - len(shown)


def report(today: date, span: int = DEFAULT_SPAN) -> dict[str, Any]:
    """What the page shows of the `span` days up to today, in UTC."""
    axis = days(today, span)
    since = datetime.combine(axis[0], time.min, UTC)
    by_day = figures(TruncDate("created_at", tzinfo=UTC), since)
    data = [(day, by_day.get(day, Figures())) for day in axis]
    by_operation = figures(F("operation"), since)
    by_caller = figures(F(callers.COLUMN), since)
    plots = [
        ("Requests a day", charts.bars, charts.REQUESTS, "", charts.WHOLE),
        ("Tokens a day", charts.bars, charts.TOKENS, "", charts.HALF),
        ("Latency a day, in ms", charts.lines, charts.LATENCY, " ms", charts.HALF),
    ]
    return {
        "total": figures(Value(1), since).get(1, Figures()),
        "charts": [
            {
                "title": title,
                "svg": draw(title, data, series, unit, width),
                "legend": charts.legend(series),
            }
            for title, draw, series, unit, width in plots
        ],
        "tables": [
            table("Operation", by_operation),
            table(callers.HEADING, by_caller, callers.labels, MOST_CALLERS),
        ],
    }
