"""A window as columns, which are the same in every database."""

import math
from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any, Protocol

from intelligence.measurements.windows import Name, Summary, Window


class Row(Protocol):
    """Attributes:
    seconds: the length of the window.
    least: None where nothing was measured.
    buckets: counts by bucket, which JSON has as text.
    """

    metric: Any
    dimensions: Any
    seconds: Any
    starts_at: Any
    closes_at: Any
    count: Any
    total: Any
    least: Any
    most: Any
    buckets: Any
    late: Any
    closed: Any


def columns(window: Window) -> Mapping[str, Any]:
    name, summary = window.name, window.summary
    return {
        "metric": name.metric,
        "dimensions": name.dimensions,
        "seconds": int(name.length.total_seconds()),
        "starts_at": name.start,
        "closes_at": window.closes_at,
        "count": summary.count,
        "total": summary.total,
        "least": summary.least if summary.count else None,
        "most": summary.most if summary.count else None,
        "buckets": {str(index): count for index, count in summary.buckets.items()},
        "late": window.late,
        "closed": window.closed,
    }


def window(row: Row) -> Window:
    start: datetime = row.starts_at
    return Window(
        Name(row.metric, row.dimensions, timedelta(seconds=row.seconds), start),
        row.closes_at,
        Summary(
            row.count,
            row.total,
            math.inf if row.least is None else row.least,
            -math.inf if row.most is None else row.most,
            {int(index): count for index, count in row.buckets.items()},
        ),
        row.late,
        row.closed,
    )
