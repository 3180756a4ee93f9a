"""Measurements and their windows, whichever framework serves them: bodies, limits, answers, cost.

An edge makes a `Measurements` a request and maps what goes wrong to problem details.
`intelligence.testing.realtime` and `intelligence.testing.live` hold it to that.
"""

from collections.abc import Awaitable, Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from time import perf_counter
from typing import Annotated

from pydantic import AfterValidator, AwareDatetime, BaseModel, ConfigDict, Field

from intelligence.api.asking import InvalidInput
from intelligence.errors import IntelligenceError
from intelligence.live.analytics import Analytics, utcnow
from intelligence.live.events import Figures, WindowName
from intelligence.measurements.anomalies import BASELINE, scores
from intelligence.measurements.sketch import MOST
from intelligence.measurements.windows import LENGTHS, Measurement, Window, across, canonical, start
from intelligence.measurements.windows import parsed as parsed_dimensions
from intelligence.usage import Usage, UsageSink

MODEL = "windows"  # what runs, for the records of usage
BATCH = 1000  # measurements
PAGE = 1000  # windows
ROWS = 20_000  # windows of series that one answer is made of
AHEAD = timedelta(minutes=1)  # that a clock elsewhere may be before ours
EARLIEST = datetime(2000, 1, 1, tzinfo=UTC)
LATEST = datetime(2200, 1, 1, tzinfo=UTC)

DIMENSIONS = 5
NAME = r"[a-z][a-z0-9_.]{0,63}"
DIMENSION = r"[a-z][a-z0-9_]{0,31}"
VALUE = r"[A-Za-z0-9][A-Za-z0-9._:/-]{0,63}"
PAIR = rf"{DIMENSION}={VALUE}"
PAIRS = rf"^{PAIR}(,{PAIR}){{0,{DIMENSIONS - 1}}}$"


class InvalidQuery(IntelligenceError):  # noqa: N818 - as in `intelligence.errors`
    """Like a violation of the schema, for what parameters say together.

    Attributes:
        parameter: the one to change.
    """

    def __init__(self, parameter: str, message: str) -> None:
        super().__init__(message)
        self.parameter = parameter


def in_utc(at: datetime) -> datetime:
    if not EARLIEST <= at <= LATEST:
        raise ValueError(f"not between {EARLIEST:%Y} and {LATEST:%Y}")
    return at.astimezone(UTC)


def ordered(pairs: str) -> str:
    """As `canonical` writes them, whatever their order."""
    return canonical(parsed_dimensions(pairs))


Moment = Annotated[AwareDatetime, AfterValidator(in_utc)]
Metric = Annotated[str, Field(pattern=rf"^{NAME}$", examples=["checkout.seconds"])]
Pairs = Annotated[
    str, Field(pattern=PAIRS, max_length=500, examples=["region=eu"]), AfterValidator(ordered)
]


class NewMeasurement(BaseModel):
    model_config = ConfigDict(extra="forbid")

    id: str = Field(
        pattern=r"^[A-Za-z0-9][A-Za-z0-9._:-]{0,63}$",
        description="Yours; whatever is sent again under it counts once.",
        examples=["till-7-000001"],
    )
    metric: Metric
    value: float = Field(strict=True, ge=-MOST, le=MOST, examples=[0.42])
    occurred_at: Moment | None = Field(
        default=None, description="When it was measured; left out: when it comes in."
    )
    dimensions: dict[
        Annotated[str, Field(pattern=rf"^{DIMENSION}$")],
        Annotated[str, Field(pattern=rf"^{VALUE}$")],
    ] = Field(
        default_factory=dict,
        max_length=DIMENSIONS,
        description="What tells series of one metric apart.",
        examples=[{"region": "eu"}],
    )


class NewMeasurements(BaseModel):
    model_config = ConfigDict(extra="forbid")

    measurements: list[NewMeasurement] = Field(min_length=1, max_length=BATCH)


class Receipt(BaseModel):
    """All of it is stored, and counted in its windows."""

    accepted: int = Field(description="Measurements that were new.")
    duplicates: int = Field(description="Whose id was known; they change nothing.")
    late: int = Field(
        description="Of the accepted, those that came when a window of theirs was closed. There "
        "they are counted as `late`, and in longer windows that are still open as any other."
    )


class Aggregates(BaseModel):
    metric: str
    window: WindowName
    dimensions: dict[str, str] | None = Field(
        description="Of the series; null: all series of the metric together."
    )
    allowed_lateness: float = Field(description="Seconds after its end that a window takes more.")
    data: list[Figures] = Field(description="Windows in which something was measured, by time.")


@dataclass(frozen=True, slots=True)
class Measurements:
    """What one caller sends and asks."""

    analytics: Analytics
    sink: UsageSink[Awaitable[None]]
    key_id: str

    async def take(self, body: NewMeasurements) -> Receipt:
        """Raises InvalidInput."""
        started = perf_counter()
        measurements = list(_measurements(body, utcnow()))
        added = await self.analytics.store.add(self.key_id, measurements, self.analytics.lateness)
        await self.analytics.added(self.key_id, added)
        milliseconds = (perf_counter() - started) * 1000
        await self.sink.record(Usage(self.key_id, "measurements", MODEL, 0, 0, milliseconds, 202))
        return Receipt(accepted=added.accepted, duplicates=added.duplicates, late=added.late)

    async def aggregates(
        self,
        metric: str,
        window: WindowName,
        *,
        since: datetime | None,
        until: datetime | None,
        dimensions: str | None,
    ) -> Aggregates:
        """Windows that begin in [since, until), by default the last 100. Raises InvalidQuery."""
        length, now = LENGTHS[window], utcnow()
        until = until or now
        first = start(since or until - 100 * length, length)
        if not first <= until <= first + PAGE * length:
            raise InvalidQuery("from", f"not before `to`, or more than {PAGE} windows before it")
        rows = await self.analytics.store.windows(
            self.key_id,
            metric,
            length,
            start=first - BASELINE * length,
            end=until,
            dimensions=dimensions,
            limit=ROWS + 1,
        )
        if len(rows) > ROWS:
            raise InvalidQuery("from", f"more than {ROWS} windows of its series: ask for fewer")
        return Aggregates(
            metric=metric,
            window=window,
            dimensions=None if dimensions is None else parsed_dimensions(dimensions),
            allowed_lateness=self.analytics.lateness.total_seconds(),
            data=list(_figures(across(rows), first, now)),
        )


def _measurements(body: NewMeasurements, now: datetime) -> Iterator[Measurement]:
    for place, each in enumerate(body.measurements):
        at = each.occurred_at or now
        if at > now + AHEAD:
            message = f"more than {AHEAD.seconds} s ahead of this server's clock"
            raise InvalidInput(("measurements", place, "occurred_at"), message)
        yield Measurement(each.id, each.metric, canonical(each.dimensions), each.value, at)


def _figures(windows: Sequence[Window], first: datetime, now: datetime) -> Iterator[Figures]:
    found = scores(windows)
    for each in windows:
        if each.name.start >= first:
            yield Figures.of(each, found.get(each.name.start), now)
