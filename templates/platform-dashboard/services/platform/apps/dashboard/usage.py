"""Figures over recorded usage: per day without a gap, and in all by operation and by key."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta

from django.db.models import Avg, Count, F, Q, QuerySet, Sum
from django.db.models.functions import TruncDate

from apps.ai.models import UsageRecord

DAYS = 30


@dataclass(frozen=True, slots=True)
class Figures:
    """One day, operation or key. An error is an answer of 500 or above; latency is the mean."""

    label: str
    requests: int = 0
    tokens: int = 0
    latency_ms: float = 0.0
    errors: int = 0


@dataclass(frozen=True, slots=True)
class Usage:
    days: list[Figures]
    operations: list[Figures]
    keys: list[Figures]

    @property
    def total(self) -> Figures:
        requests = sum(day.requests for day in self.days)
        latency = sum(day.latency_ms * day.requests for day in self.days)
        return Figures(
            label=f"{len(self.days)} days",
            requests=requests,
            tokens=sum(day.tokens for day in self.days),
            latency_ms=latency / requests if requests else 0.0,
            errors=sum(day.errors for day in self.days),
        )


def usage(today: date, days: int = DAYS) -> Usage:
    """The last `days` days up to and with `today`, in UTC."""
    first = today - timedelta(days=days - 1)
    records = UsageRecord.objects.filter(
        created_at__gte=datetime.combine(first, time.min, UTC),
        created_at__lt=datetime.combine(today + timedelta(days=1), time.min, UTC),
    )
    by_day = {each.label: each for each in figures(records, TruncDate("created_at", tzinfo=UTC))}
    labels = [(first + timedelta(days=index)).isoformat() for index in range(days)]
    return Usage(
        days=[by_day.get(label) or Figures(label) for label in labels],
        operations=most_used(figures(records, F("operation"))),
        keys=most_used(figures(records, F("key_id"))),
    )


def figures(records: QuerySet[UsageRecord], label: F | TruncDate) -> Iterable[Figures]:
    rows = (
        records.values(label=label)
        .annotate(
            requests=Count("pk"),
            tokens=Sum("input_tokens") + Sum("output_tokens"),
            latency=Avg("latency_ms"),
            errors=Count("pk", filter=Q(status__gte=500)),
        )
        .order_by()
    )
    for row in rows:
        label_text = "without a key" if row["label"] is None else str(row["label"])
        yield Figures(label_text, row["requests"], row["tokens"], row["latency"], row["errors"])


def most_used(rows: Iterable[Figures]) -> list[Figures]:
    return sorted(rows, key=lambda each: (-each.requests, each.label))[:10]
