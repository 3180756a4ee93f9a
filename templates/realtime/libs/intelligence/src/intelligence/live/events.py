"""What a live stream says. contracts/events/live.json is its schema, which this module prints."""

import json
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import cached_property
from typing import Literal, Self

from pydantic import BaseModel, Field, TypeAdapter

from intelligence.measurements.anomalies import UNUSUAL
from intelligence.measurements.windows import LENGTHS, Window, parsed

type WindowName = Literal["10s", "1m", "1h"]

WINDOW_NAMES: Mapping[timedelta, WindowName] = {
    LENGTHS["10s"]: "10s",
    LENGTHS["1m"]: "1m",
    LENGTHS["1h"]: "1h",
}


class Figures(BaseModel):
    """What was measured in a window. Where nothing was, there is nothing but counts."""

    start: datetime
    end: datetime
    count: int
    sum: float
    mean: float | None
    min: float | None
    max: float | None
    p95: float | None = Field(description="Off by at most 1 % of itself.")
    late: int = Field(description="Measurements that came when it was closed, and are not in it.")
    closed: bool = Field(description="Nothing changes any more but `late`.")
    score: float | None = Field(
        description="Of a closed window: how far its mean is from that of the twenty before it, in "
        "robust standard deviations; null with fewer than eight."
    )
    anomaly: bool = Field(description=f"The score is beyond {UNUSUAL} either way.")

    @classmethod
    def of(cls, window: Window, score: float | None, now: datetime) -> Self:
        summary, closed = window.summary, not window.takes(now)
        score = score if closed else None
        return cls(
            start=window.name.start,
            end=window.name.end,
            count=summary.count,
            sum=summary.total,
            mean=summary.mean if summary.count else None,
            min=summary.least if summary.count else None,
            max=summary.most if summary.count else None,
            p95=summary.p95 if summary.count else None,
            late=window.late,
            closed=closed,
            score=score,
            anomaly=score is not None and abs(score) > UNUSUAL,
        )


class LiveWindow(Figures):
    """A window of one series. While it is open it is told again and again, each time as it is then;
    of two states the one with the larger `count` and `late` is the newer."""

    metric: str
    window: WindowName
    dimensions: dict[str, str]


class Gap(BaseModel):
    """Something was left out. What it was stands in `GET /v1/aggregates`."""

    dropped: int | None = Field(
        description="States of windows that this client was too slow for; null: nobody knows, the "
        "way between the processes was interrupted."
    )


class Nothing(BaseModel):
    """`ready`: from now on changes are told. `server_shutdown`: the last event, come back in a
    moment. `key_refused`: the last event, the API key was revoked or has expired."""


class ReadyEvent(BaseModel):
    event: Literal["ready", "server_shutdown", "key_refused"]
    data: Nothing


class WindowEvent(BaseModel):
    event: Literal["window"]
    data: LiveWindow


class GapEvent(BaseModel):
    event: Literal["gap"]
    data: Gap


@dataclass(frozen=True)
class Event:
    """As it is sent, encoded once for all clients.

    Attributes:
        data: JSON.
    """

    name: str
    data: str = "{}"

    @cached_property
    def sse(self) -> bytes:
        return f"event: {self.name}\ndata: {self.data}\n\n".encode()

    @cached_property
    def message(self) -> str:
        return f'{{"event":"{self.name}","data":{self.data}}}'


READY = Event("ready")
SHUTDOWN = Event("server_shutdown")
REFUSED = Event("key_refused")
HEARTBEAT = b": still here\n\n"


def gap(dropped: int | None) -> Event:
    return Event("gap", Gap(dropped=dropped).model_dump_json())


class Update(BaseModel):
    """A state of a window, for those who may and want to see it; also what Redis carries.

    Attributes:
        dimensions: as `canonical` writes them.
        progress: grows with each state of a window.
        data: a `LiveWindow` as JSON.
    """

    key_id: str
    metric: str
    window: WindowName
    dimensions: str
    start: datetime
    progress: int
    data: str

    @classmethod
    def of(cls, key_id: str, window: Window, score: float | None, now: datetime) -> Self:
        name = window.name
        figures = Figures.of(window, score, now)
        told = LiveWindow(
            metric=name.metric,
            window=WINDOW_NAMES[name.length],
            dimensions=parsed(name.dimensions),
            **dict(figures),
        )
        return cls(
            key_id=key_id,
            metric=name.metric,
            window=told.window,
            dimensions=name.dimensions,
            start=name.start,
            progress=2 * (told.count + told.late) + told.closed,
            data=told.model_dump_json(),
        )

    @property
    def place(self) -> tuple[str, str, str, datetime]:
        """The same for all states of a window."""
        return self.metric, self.window, self.dimensions, self.start


def schema() -> str:
    """JSON Schema of an event, as a WebSocket sends it; of server-sent events `data` is the data
    and `event` the name."""
    kinds = TypeAdapter[ReadyEvent | WindowEvent | GapEvent](ReadyEvent | WindowEvent | GapEvent)
    document = {"$schema": "https://json-schema.org/draft/2020-12/schema", "title": "Live event"}
    return json.dumps(document | kinds.json_schema(mode="serialization"), indent=2) + "\n"


if __name__ == "__main__":
    sys.stdout.write(schema())
