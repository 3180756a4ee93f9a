"""The API of measurements and windows without HTTP, on a store of a few windows."""

import asyncio
from collections.abc import Sequence
from datetime import timedelta
from typing import Any

import pytest

from intelligence.api import realtime as api
from intelligence.api.asking import InvalidInput
from intelligence.live.analytics import Analytics, Retention, utcnow
from intelligence.live.hub import Wanted
from intelligence.measurements.ports import Added
from intelligence.measurements.windows import LENGTHS, Measurement, Name, Summary, Window, start
from intelligence.usage import Usage

TEN = LENGTHS["10s"]


class Store:
    """Answers with what it is given."""

    def __init__(self, windows: Sequence[Window] = ()) -> None:
        self.given = windows
        self.added: Sequence[Measurement] = ()
        self.asked: dict[str, Any] = {}

    async def add(self, key_id: str, measurements: Sequence[Measurement], _: timedelta) -> Added:
        self.added = measurements
        return Added(len(measurements), 0, 1, self.given)

    async def windows(self, *_: object, **asked: Any) -> Sequence[Window]:
        self.asked = asked
        return self.given[: asked["limit"]]


class Sink:
    def __init__(self) -> None:
        self.recorded: list[Usage] = []

    async def record(self, usage: Usage) -> None:
        self.recorded.append(usage)


def of(store: Any, sink: Sink | None = None) -> api.Measurements:
    kept = Retention(TEN, TEN)
    analytics = Analytics(store, lateness=TEN, retention=kept, streams=1, redis_url=None)
    return api.Measurements(analytics, sink or Sink(), "ak_1")


def window(ago: int, *values: float, dimensions: str = "") -> Window:
    begins = start(utcnow(), TEN) - ago * TEN
    name = Name("speed", dimensions, TEN, begins)
    return Window(name, name.end + TEN, Summary.of(values), closed=ago > 0)


def body(**changes: Any) -> api.NewMeasurements:
    one = {"id": "a", "metric": "speed", "value": 1} | changes
    return api.NewMeasurements.model_validate({"measurements": [one]})


def aggregates(measurements: api.Measurements, **asked: Any) -> api.Aggregates:
    asked = {"since": None, "until": None, "dimensions": None} | asked
    return asyncio.run(measurements.aggregates("speed", "10s", **asked))


def test_what_was_taken_is_stored_told_and_metered() -> None:
    async def run() -> None:
        store, sink = Store([window(0, 1.0)]), Sink()
        measurements = of(store, sink)
        subscription = measurements.analytics.hub.subscribe(Wanted("ak_1"))
        receipt = await measurements.take(body(dimensions={"b": "2", "a": "1"}))
        assert receipt == api.Receipt(accepted=1, duplicates=0, late=1)
        (one,) = store.added
        assert one.dimensions == "a=1,b=2"
        assert abs(one.occurred_at - utcnow()) < timedelta(seconds=10)
        assert [each.name for each in subscription.take()] == ["window"]
        (usage,) = sink.recorded
        assert (usage.key_id, usage.operation, usage.status) == ("ak_1", "measurements", 202)
        assert measurements.analytics.late == 1

    asyncio.run(run())


def test_a_clock_may_be_a_minute_ahead_and_not_more() -> None:
    store = Store()
    asyncio.run(of(store).take(body(occurred_at=utcnow() + timedelta(seconds=59))))
    with pytest.raises(InvalidInput, match="60 s ahead") as refused:
        asyncio.run(of(store).take(body(occurred_at=utcnow() + timedelta(seconds=70))))
    assert refused.value.location == ("measurements", 0, "occurred_at")


def test_by_default_the_last_hundred_windows_are_read_and_those_that_score_them() -> None:
    store = Store()
    aggregates(of(store))
    assert store.asked["end"] - store.asked["start"] >= 120 * TEN
    assert store.asked["start"] == start(store.asked["start"], TEN)


def test_scores_come_from_windows_before_those_that_were_asked_for() -> None:
    windows = [window(ago, 5.0 + ago % 2) for ago in range(12, 1, -1)] + [window(1, 50.0)]
    answer = aggregates(of(Store([*windows, window(0, 50.0)])), since=windows[-1].name.start)
    odd, open_one = answer.data
    assert odd.anomaly
    assert (open_one.closed, open_one.score) == (False, None)


def test_too_many_windows_are_refused() -> None:
    since = utcnow() - (api.PAGE + 5) * TEN
    with pytest.raises(api.InvalidQuery, match="1000 windows"):
        aggregates(of(Store()), since=since)
    with pytest.raises(api.InvalidQuery, match="not before `to`"):
        aggregates(of(Store()), since=utcnow(), until=since)
    many = [window(0, 1.0, dimensions=f"lane={n}") for n in range(api.ROWS + 1)]
    with pytest.raises(api.InvalidQuery, match="20000 windows of its series"):
        aggregates(of(Store(many)))
