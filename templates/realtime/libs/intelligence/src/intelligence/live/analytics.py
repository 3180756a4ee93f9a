"""What one process does beside its requests: it closes windows, deletes what is old, and hears of
what changes."""

import asyncio
import logging
from collections.abc import AsyncGenerator, Sequence
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, Metric
from prometheus_client.registry import Collector

from intelligence.live.bus import Bus, OneProcess, RedisBus
from intelligence.live.events import Update
from intelligence.live.hub import Hub
from intelligence.measurements.anomalies import scores
from intelligence.measurements.ports import Added, MeasurementStore

logger = logging.getLogger(__name__)

EVERY = 1.0  # seconds
AT_ONCE = 500  # windows
PRUNING = 3600.0  # seconds
GRACE = 5.0  # seconds that the database has at the end


def utcnow() -> datetime:
    return datetime.now(UTC)


@dataclass(frozen=True, slots=True)
class Retention:
    """Attributes:
    measurements: how long they are kept, and the shortest windows.
    windows: how long the others are.
    """

    measurements: timedelta
    windows: timedelta


class Analytics(Collector):
    """One a process; shows Prometheus what its streams do.

    Args:
        lateness: how long after its end a window takes measurements.
        retention: what is older is deleted each hour.
        streams: how many may be open.
        redis_url: None: there is no other process.
    """

    def __init__(
        self,
        store: MeasurementStore,
        *,
        lateness: timedelta,
        retention: Retention,
        streams: int,
        redis_url: str | None,
    ) -> None:
        self.store = store
        self.lateness = lateness
        self.retention = retention
        self.hub = Hub(streams)
        self.late = 0  # measurements that this process took in too late
        self._bus: Bus = RedisBus(self.hub, redis_url) if redis_url else OneProcess(self.hub)

    async def added(self, key_id: str, added: Added) -> None:
        """Tells what changed."""
        self.late += added.late
        now = utcnow()
        await self._bus.publish([Update.of(key_id, each, None, now) for each in added.changed])

    async def close(self) -> int:
        """Closes windows whose time has come, and tells of them; how many."""
        closed = await self.store.close(AT_ONCE)
        now = utcnow()
        updates = []
        for each in closed:
            found = scores([*each.before, each.window])
            score = found.get(each.window.name.start)
            updates.append(Update.of(each.key_id, each.window, score, now))
        await self._bus.publish(updates)
        return len(closed)

    async def prune(self) -> None:
        now = utcnow()
        gone = await self.store.prune(
            now - self.retention.measurements, now - self.retention.windows
        )
        if gone:
            logger.info("%d rows deleted", gone)

    @asynccontextmanager
    async def running(self) -> AsyncGenerator[None]:
        async with self._bus.running():
            stop = asyncio.Event()
            beside = asyncio.create_task(self._beside_requests(stop))
            try:
                yield
            finally:
                stop.set()  # not cancelled at once: a question to the database is waited for
                try:
                    await asyncio.wait_for(beside, GRACE)
                except TimeoutError:
                    logger.warning("the database did not answer within %g s", GRACE)

    async def _beside_requests(self, stop: asyncio.Event) -> None:
        clock = asyncio.get_running_loop().time
        due = clock()
        while not stop.is_set():
            more = False
            try:
                more = await self.close() >= AT_ONCE
                if clock() >= due:
                    due = clock() + PRUNING
                    await self.prune()
            except Exception:
                logger.exception("windows stay open for now, or old ones are not deleted")
            if not more:
                with suppress(TimeoutError):
                    async with asyncio.timeout(EVERY):
                        await stop.wait()

    def collect(self) -> Sequence[Metric]:
        return [
            GaugeMetricFamily("live_streams", "Streams that are open.", len(self.hub)),
            CounterMetricFamily(
                "live_dropped",
                "States that clients were too slow for.",
                self.hub.dropped,
            ),
            CounterMetricFamily(
                "measurements_late", "Measurements that came too late for a window.", self.late
            ),
        ]
