"""`GET /v1/usage`: what a caller's own requests of the last days came to, by day and operation."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from decimal import Decimal
from typing import Literal, Self

from pydantic import BaseModel, Field

from intelligence.prices import NANO

DAYS = 30
MOST_DAYS = 92  # a quarter


@dataclass(frozen=True, slots=True)
class Used:
    """The recorded requests of one day and operation.

    Attributes:
        day: in UTC.
        unpriced: those of the requests whose cost is unknown.
        cost_nano: of the others; None without any.
        latency_ms, first_token_ms: means; None without any that was streamed.
    """

    day: date
    operation: str
    requests: int
    unpriced: int
    input_tokens: int
    output_tokens: int
    cost_nano: int | None
    latency_ms: float
    first_token_ms: float | None


class UsageBody(BaseModel):
    day: date = Field(description="From midnight to midnight, UTC.")
    operation: str
    requests: int = Field(description="Those that ran the model.")
    unpriced: int = Field(description="Of these, how many had no price: `cost` is without them.")
    input_tokens: int
    output_tokens: int
    cost: str | None = Field(
        description="A decimal number; null where nothing had a price.", examples=["0.000140000"]
    )
    latency_ms: float = Field(description="The mean.")
    first_token_ms: float | None = Field(
        description="From the request to the first words, the mean of what was streamed."
    )

    @classmethod
    def of(cls, used: Used) -> Self:
        cost = None if used.cost_nano is None else f"{Decimal(used.cost_nano).scaleb(-NANO):f}"
        return cls(
            day=used.day,
            operation=used.operation,
            requests=used.requests,
            unpriced=used.unpriced,
            input_tokens=used.input_tokens,
            output_tokens=used.output_tokens,
            cost=cost,
            latency_ms=used.latency_ms,
            first_token_ms=used.first_token_ms,
        )


class UsageList(BaseModel):
    object: Literal["list"] = "list"
    currency: str = Field(description="Of every `cost`.", examples=["EUR"])
    data: list[UsageBody] = Field(description="The newest day first; days without use are not in.")

    @classmethod
    def of(cls, found: Iterable[Used], currency: str) -> Self:
        return cls(currency=currency, data=[UsageBody.of(each) for each in found])


def beginning(now: datetime, days: int) -> datetime:
    """Of so many days, today's included, in UTC."""
    first = now.astimezone(UTC).date() - timedelta(days=days - 1)
    return datetime.combine(first, time.min, UTC)
