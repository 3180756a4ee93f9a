"""Live streams without a server: what waits for a client, and how a WebSocket goes."""

import asyncio
import json
import logging
from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from intelligence.errors import Overloaded
from intelligence.live import analytics, bus, events, socket
from intelligence.live.analytics import Analytics, Retention
from intelligence.live.bus import RedisBus
from intelligence.live.events import HEARTBEAT, READY, REFUSED, Event, Update
from intelligence.live.hub import Hub, Subscription, Wanted, encoded
from intelligence.measurements.ports import Added, Closed
from intelligence.measurements.windows import LENGTHS, Name, Summary, Window

GUARD = 10.0  # seconds, against a hang
NOON = datetime(2026, 3, 10, 12, tzinfo=UTC)
LONG_AFTER = NOON + timedelta(days=1)
TEN = LENGTHS["10s"]
KEPT = Retention(timedelta(days=7), timedelta(days=400))
CONTRACT = Path(__file__).parents[3] / "contracts/events/live.json"


def window(place: int = 0, count: int = 1, **changes: Any) -> Window:
    name = Name("speed", "lane=1", TEN, NOON + place * TEN)
    one = Window(name, NOON + timedelta(hours=1), Summary.of([2.0] * count))
    return replace(one, **changes)


def update(place: int = 0, count: int = 1, key_id: str = "ak_1") -> Update:
    return Update.of(key_id, window(place, count), None, NOON)


def told(some: Sequence[Event]) -> list[tuple[str, Any]]:
    return [(each.name, json.loads(each.data)) for each in some]


def counts(some: Sequence[Event]) -> list[int]:
    return [data["count"] for name, data in told(some) if name == "window"]


def test_the_contract_is_what_is_sent() -> None:
    command = "python -m intelligence.live.events > contracts/events/live.json"
    assert CONTRACT.read_text(encoding="utf-8") == events.schema(), f"`{command}` writes it"


def test_an_event_says_the_same_both_ways() -> None:
    one = Event("window", update().data)
    name, data = one.sse.decode().splitlines()[:2]
    message = json.loads(one.message)
    assert name == f"event: {message['event']}"
    assert json.loads(data.removeprefix("data: ")) == message["data"]
    assert one.sse.endswith(b"\n\n")


def test_a_closed_window_has_a_score_and_an_open_one_none() -> None:
    for closed, score, anomaly in ((True, 4.0, True), (True, -3.5, False), (True, None, False)):
        data = json.loads(Update.of("ak_1", window(closed=closed), score, NOON).data)
        assert (data["score"], data["anomaly"], data["closed"]) == (score, anomaly, True)
    data = json.loads(Update.of("ak_1", window(), 4.0, NOON).data)
    assert (data["score"], data["anomaly"], data["closed"]) == (None, False, False)


@pytest.mark.parametrize(
    ("wanted", "fits"),
    [
        (Wanted("ak_1"), True),
        (Wanted("ak_2"), False),
        (Wanted("ak_1", metric="speed", window="10s", dimensions="lane=1"), True),
        (Wanted("ak_1", metric="height"), False),
        (Wanted("ak_1", window="1m"), False),
        (Wanted("ak_1", dimensions=""), False),
    ],
)
def test_a_stream_gets_what_it_is_about(wanted: Wanted, fits: bool) -> None:
    hub = Hub(1)
    subscription = hub.subscribe(wanted)
    hub.tell(update())
    assert bool(subscription.take()) == fits


def test_a_newer_state_takes_the_place_of_one_that_waits() -> None:
    hub = Hub(1)
    subscription = hub.subscribe(Wanted("ak_1"))
    for count in (1, 3, 2):  # that of another process may be heard later
        hub.tell(update(0, count))
    assert counts(subscription.take()) == [3]
    assert subscription.take() == []
    assert hub.dropped == 0


def test_a_slow_client_has_a_bounded_place_and_is_told_what_went() -> None:
    subscription = Subscription(Wanted("ak_1"), places=3)
    hub = Hub(1)
    hub._open.add(subscription)
    for place in range(10):
        hub.tell(update(place, place + 1))
    some = subscription.take()
    assert told(some)[0] == ("gap", {"dropped": 7})
    assert counts(some) == [8, 9, 10]
    assert hub.dropped == 7
    hub.tell(update())
    assert [each.name for each in subscription.take()] == ["window"]


def test_a_place_that_nobody_holds_is_free() -> None:
    """As that of a client who left before its stream began."""
    hub = Hub(1)
    subscription = hub.subscribe(Wanted("ak_1"))
    with pytest.raises(Overloaded, match="1 streams are open"):
        hub.subscribe(Wanted("ak_1"))
    del subscription
    assert len(hub) == 0
    hub.subscribe(Wanted("ak_1"))


async def yes() -> bool:
    return True


async def no() -> bool:
    return False


def test_a_stream_begins_lives_and_frees_its_place() -> None:
    async def read() -> None:
        hub = Hub(1)
        subscription = hub.subscribe(Wanted("ak_1"))
        stream = encoded(hub.events(subscription, yes, beat=0.01))
        assert await anext(stream) == READY.sse
        assert await anext(stream) == HEARTBEAT
        hub.tell(update())
        hub.interrupted()
        gap, one = (await anext(stream)).split(b"\n\n")[:2]
        assert gap == b'event: gap\ndata: {"dropped":null}'
        assert one.startswith(b"event: window\n")
        await stream.aclose()
        assert len(hub) == 0

    asyncio.run(read())


def test_a_stream_ends_when_its_key_is_refused() -> None:
    async def read() -> list[Event]:
        hub = Hub(1)
        stream = hub.events(hub.subscribe(Wanted("ak_1")), no, beat=0.01, look_again=0)
        some = [each for part in [part async for part in stream] for each in part]
        assert len(hub) == 0
        return some

    assert asyncio.run(read()) == [READY, REFUSED]


class Store:
    """As much of a `MeasurementStore` as is asked for: gives what is due, a part at a time."""

    def __init__(self, *parts: Sequence[Closed] | Exception) -> None:
        self.parts = list(parts)
        self.asked = asyncio.Event()
        self.pruned = asyncio.Queue[tuple[datetime, datetime]]()

    async def prune(self, measurements_until: datetime, windows_until: datetime) -> int:
        self.pruned.put_nowait((measurements_until, windows_until))
        return 3

    async def close(self, limit: int) -> Sequence[Closed]:
        if not self.parts:
            self.asked.set()
            return []
        part = self.parts.pop(0)
        if isinstance(part, Exception):
            raise part
        return part[:limit]


def of(store: Any, redis_url: str | None = None) -> Analytics:
    return Analytics(store, lateness=TEN, retention=KEPT, streams=9, redis_url=redis_url)


def test_closed_windows_are_told_with_their_scores_whatever_happens_between(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr(analytics, "EVERY", 0.01)
    monkeypatch.setattr(analytics, "AT_ONCE", 1)
    before = [window(place - 9, closed=True) for place in range(9)]
    odd = window(summary=Summary.of([9.0]), closed=True)

    async def run() -> list[tuple[str, Any]]:
        store = Store([Closed("ak_1", odd, before)], RuntimeError("away"), [])
        one = of(store)
        subscription = one.hub.subscribe(Wanted("ak_1"))
        async with asyncio.timeout(GUARD), one.running():
            await store.asked.wait()
        return told(subscription.take())

    [(name, data)] = asyncio.run(run())
    assert (name, data["closed"], data["score"], data["anomaly"]) == ("window", True, 1000, True)
    assert "windows stay open for now" in caplog.text


def test_what_is_old_is_deleted_at_the_start_and_each_hour(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO)
    monkeypatch.setattr(analytics, "EVERY", 0.01)
    monkeypatch.setattr(analytics, "utcnow", lambda: NOON)

    async def run(times: int) -> bool:
        """Whether that was all."""
        store = Store()
        async with asyncio.timeout(GUARD), of(store).running():
            for _ in range(times):
                until = await store.pruned.get()
                assert until == (NOON - KEPT.measurements, NOON - KEPT.windows)
            await asyncio.sleep(0.05)
        return store.pruned.empty()

    assert asyncio.run(run(1))
    assert "3 rows deleted" in caplog.text
    monkeypatch.setattr(analytics, "PRUNING", 0.01)
    assert not asyncio.run(run(2))


def test_a_database_that_hangs_does_not_hold_the_end_up(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr(analytics, "GRACE", 0.01)
    store = Store()

    async def hangs(limit: int) -> Sequence[Closed]:
        store.asked.set()
        await asyncio.Event().wait()
        pytest.fail(f"{limit} windows are closed")

    async def run() -> None:
        monkeypatch.setattr(store, "close", hangs)
        async with asyncio.timeout(GUARD), of(store).running():
            await store.asked.wait()

    asyncio.run(run())
    assert "did not answer within 0.01 s" in caplog.text


def test_prometheus_is_shown_streams_and_what_was_dropped_or_late() -> None:
    async def run() -> Mapping[str, float]:
        one = of(Store())
        subscription = one.hub.subscribe(Wanted("ak_1"))
        one.hub.dropped = 5
        await one.added("ak_1", Added(3, 0, 2, [window()]))
        assert counts(subscription.take()) == [1]
        return {each.name: each.samples[0].value for each in one.collect()}

    assert asyncio.run(run()) == {"live_streams": 1, "live_dropped": 5, "measurements_late": 2}


NO_REDIS = "redis://127.0.0.1:1/0"


def test_without_redis_a_process_goes_on_by_itself(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr(bus, "FIRST", 0.2)
    monkeypatch.setattr(bus, "RETRY", 0.01)
    caplog.set_level(logging.WARNING)

    async def run() -> list[int]:
        one = of(Store(), redis_url=NO_REDIS)
        subscription = one.hub.subscribe(Wanted("ak_1"))
        async with one.running():
            await one.added("ak_1", Added(1, 0, 0, [window()]))
        return counts(subscription.take())

    assert asyncio.run(run()) == [1]
    assert "other processes were not told" in caplog.text
    assert "what other processes tell is not heard" in caplog.text


def test_what_redis_says_is_told_and_a_second_confirmation_is_a_gap() -> None:
    async def run() -> list[str]:
        hub = Hub(1)
        subscription = hub.subscribe(Wanted("ak_1"))
        one = RedisBus(hub, NO_REDIS)
        one._hear({"type": "subscribe", "data": 1})
        one._hear(None)
        one._hear({"type": "message", "data": update().model_dump_json().encode()})
        names = [each.name for each in subscription.take()]
        one._hear({"type": "subscribe", "data": 1})
        return names + [each.name for each in subscription.take()]

    assert asyncio.run(run()) == ["window", "gap"]


class Client:
    """Both ends of a WebSocket, as ASGI has it."""

    def __init__(self, *messages: Mapping[str, Any]) -> None:
        self.incoming = asyncio.Queue[Mapping[str, Any]]()
        for each in ({"type": "websocket.connect"}, *messages):
            self.incoming.put_nowait(each)
        self.sent: list[dict[str, Any]] = []
        self.something_sent = asyncio.Event()

    async def send(self, message: dict[str, Any]) -> None:
        self.sent.append(message)
        if message["type"] == "websocket.send":
            self.something_sent.set()

    @property
    def kinds(self) -> list[str]:
        return [each["type"].removeprefix("websocket.") for each in self.sent]


async def served(
    client: Client,
    authorization: str = "Bearer right",
    *,
    allowed: Any = yes,
    stop: asyncio.Event | None = None,
) -> Hub:
    hub = Hub(1)

    async def enter(key: str) -> socket.Events:
        if key != "right":
            raise socket.Refused(401, "the API key is unknown", {"WWW-Authenticate": "Bearer"})
        return hub.events(hub.subscribe(Wanted("ak_1")), allowed, beat=0.01, look_again=0)

    async with asyncio.timeout(GUARD):
        stop = stop or asyncio.Event()
        await socket.serve(client.incoming.get, client.send, authorization, enter, stop)
    return hub


FIRST_MESSAGE = {"type": "websocket.receive", "text": '{"authorization": "Bearer right"}'}
LEAVES = {"type": "websocket.disconnect"}


@pytest.mark.parametrize("first", [False, True])
def test_a_socket_that_its_client_leaves_is_done_with(first: bool) -> None:
    async def run() -> None:
        client = Client(*([FIRST_MESSAGE] if first else []))
        serving = asyncio.ensure_future(served(client, "" if first else "Bearer right"))
        await client.something_sent.wait()
        client.incoming.put_nowait({"type": "websocket.receive", "text": "hello?"})
        client.incoming.put_nowait(LEAVES)
        assert len(await serving) == 0
        assert client.kinds == ["accept", "send"]

    asyncio.run(run())


def test_a_socket_of_a_server_that_stops_says_so_last() -> None:
    async def run() -> None:
        client, stop = Client(), asyncio.Event()
        serving = asyncio.ensure_future(served(client, stop=stop))
        await client.something_sent.wait()
        stop.set()
        assert len(await serving) == 0
        *_, farewell, close = client.sent
        assert json.loads(farewell["text"])["event"] == "server_shutdown"
        assert (close["type"], close["code"]) == ("websocket.close", 1012)

    asyncio.run(run())


def test_a_socket_whose_key_is_revoked_is_closed() -> None:
    async def run() -> None:
        client = Client()
        await served(client, allowed=no)
        *_, last, close = client.sent
        assert json.loads(last["text"])["event"] == "key_refused"
        assert (close["type"], close["code"]) == ("websocket.close", 1008)

    asyncio.run(run())


@pytest.mark.parametrize("authorization", ["Bearer wrong", "Basic right", "Bearer"])
def test_a_key_that_opens_nothing_is_refused_before_the_socket_is_there(authorization: str) -> None:
    async def run() -> None:
        client = Client()
        await served(client, authorization)
        begin, body = client.sent
        assert (begin["type"], begin["status"]) == ("websocket.http.response.start", 401)
        assert (b"www-authenticate", b"Bearer") in begin["headers"]
        assert json.loads(body["body"])["title"] == "Unauthorized"

    asyncio.run(run())


def test_who_leaves_or_stays_silent_before_the_key_is_done_with(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(socket, "FIRST", 0.01)

    async def run(*messages: Mapping[str, Any]) -> Client:
        client = Client(*messages)
        await served(client, "")
        return client

    assert asyncio.run(run(LEAVES)).kinds == ["accept"]
    silent = asyncio.run(run()).sent[-1]
    assert (silent["code"], silent["reason"]) == (1008, "no API key came")
