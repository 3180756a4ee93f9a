"""What `/v1/measurements`, `/v1/aggregates` and `/v1/live` promise, whichever framework answers."""

import json
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any
from urllib.parse import urlencode

import pytest

from intelligence.api.realtime import BATCH, MODEL, PAGE
from intelligence.engine import Engine
from intelligence.testing.edge import GUARD, Answer, Edge
from intelligence.testing.embedder import MadeUpEmbedder

SEND, LOOK = "measurements", "analytics"
ROUTES = [
    ("POST", "/v1/measurements", SEND),
    ("GET", "/v1/aggregates?metric=speed&window=10s", LOOK),
    ("GET", "/v1/live", LOOK),
]


@dataclass(frozen=True, slots=True)
class Caller:
    """Sends and looks with one API key, at a moment of its own."""

    edge: Edge
    key: str
    now: datetime

    def call(self, method: str, path: str, body: object = None) -> Answer:
        headers = {"Authorization": f"Bearer {self.key}"}
        content = b"" if body is None else json.dumps(body).encode()
        if content:
            headers["Content-Type"] = "application/json"
        return self.edge.call(method, path, content, headers)

    def measured(self, id_: str, value: float = 1.0, **changes: object) -> dict[str, object]:
        at = {"occurred_at": self.now.isoformat()}
        return {"id": id_, "metric": "speed", "value": value, **at, **changes}

    def post(self, *measurements: object) -> Answer:
        return self.call("POST", "/v1/measurements", {"measurements": measurements})

    def receipt(self, *measurements: object) -> tuple[int, int, int]:
        """Accepted, duplicates, late."""
        answer = self.post(*measurements)
        assert answer.status == 202, answer.content
        body = answer.json()
        return body["accepted"], body["duplicates"], body["late"]

    def get(self, **asked: object) -> Answer:
        query = {"metric": "speed", "window": "10s", **asked}
        return self.call("GET", f"/v1/aggregates?{urlencode(query)}")

    def windows(self, **asked: object) -> list[Any]:
        answer = self.get(**asked)
        assert answer.status == 200, answer.content
        found: list[Any] = answer.json()["data"]
        return found


class RealtimeContract:
    """Inherit it and give the fixture `edge`: a service on `engine`, started, whose windows take
    measurements for a minute after their end."""

    @pytest.fixture
    def engine(self) -> Iterator[Engine]:
        engine = Engine(MadeUpEmbedder)
        yield engine
        engine.close(GUARD)

    @pytest.fixture
    def mine(self, edge: Edge) -> Caller:
        return Caller(edge, edge.issue_key(f"{SEND} {LOOK}"), datetime.now(UTC))

    def test_what_was_sent_is_counted_in_windows(self, mine: Caller) -> None:
        assert mine.receipt(mine.measured("a", 2), mine.measured("b", 4)) == (2, 0, 0)
        for window, seconds in (("10s", 10), ("1m", 60), ("1h", 3600)):
            (found,) = mine.windows(window=window)
            start, end = (datetime.fromisoformat(found[each]) for each in ("start", "end"))
            assert start.timestamp() % seconds == 0
            assert start <= mine.now < end == start + timedelta(seconds=seconds)
            figures = {name: found[name] for name in ("count", "sum", "mean", "min", "max")}
            assert figures == {"count": 2, "sum": 6, "mean": 3, "min": 2, "max": 4}
            assert found["p95"] == pytest.approx(4, rel=0.01)
            state = {name: found[name] for name in ("late", "closed", "score", "anomaly")}
            assert state == {"late": 0, "closed": False, "score": None, "anomaly": False}

    def test_the_answer_says_what_it_is_about(self, mine: Caller) -> None:
        answer = mine.get(dimensions="lane=1,city=rome").json()
        assert answer == {
            "metric": "speed",
            "window": "10s",
            "dimensions": {"lane": "1", "city": "rome"},
            "allowed_lateness": 60,
            "data": [],
        }
        assert mine.get().json()["dimensions"] is None

    def test_p95_is_off_by_one_percent_at_most(self, mine: Caller) -> None:
        mine.post(*[mine.measured(str(n), n * n) for n in range(1, 101)])
        assert mine.windows()[0]["p95"] == pytest.approx(95 * 95, rel=0.01)

    def test_to_send_again_changes_nothing(self, mine: Caller) -> None:
        batch = [mine.measured("a", 2), mine.measured("b", 4), mine.measured("a", 6)]
        assert mine.receipt(*batch) == (2, 1, 0)
        before = mine.windows()
        assert mine.receipt(*reversed(batch)) == (0, 3, 0)
        assert mine.windows() == before
        assert before[0]["sum"] == 6

    def test_what_comes_too_late_is_told_and_counted_apart(self, mine: Caller) -> None:
        then = mine.now - timedelta(hours=3)
        late = mine.measured("late", 5, occurred_at=then.isoformat())
        assert mine.receipt(late, mine.measured("in-time")) == (2, 0, 1)
        since = (then - timedelta(minutes=1)).isoformat()
        (found,) = mine.windows(**{"from": since, "to": mine.now.isoformat(), "window": "1h"})[:1]
        assert (found["count"], found["late"], found["closed"]) == (0, 1, True)
        assert [found[name] for name in ("mean", "min", "max", "p95", "score")] == [None] * 5

    def test_a_time_that_is_left_out_is_now(self, mine: Caller) -> None:
        assert mine.receipt({"id": "a", "metric": "speed", "value": 1}) == (1, 0, 0)
        (found,) = mine.windows()
        assert mine.now <= datetime.fromisoformat(found["end"])

    def test_a_time_is_the_same_in_every_zone(self, mine: Caller) -> None:
        there = mine.now.astimezone(tz=None).isoformat()
        mine.post(mine.measured("a"), mine.measured("b", occurred_at=there))
        assert mine.windows()[0]["count"] == 2

    def test_one_series_or_all_of_a_metric(self, mine: Caller) -> None:
        mine.post(
            mine.measured("a", 1),
            mine.measured("b", 2, dimensions={"lane": "1", "city": "rome"}),
            mine.measured("c", 4, dimensions={"city": "rome", "lane": "1"}),
            mine.measured("d", 8, dimensions={"lane": "2"}),
            mine.measured("e", 16, metric="speed.max"),
        )
        assert [each["sum"] for each in mine.windows()] == [15]
        assert [each["sum"] for each in mine.windows(dimensions="lane=1,city=rome")] == [6]
        assert mine.windows(dimensions="lane=1") == []

    def test_a_key_sees_what_it_sent_itself(self, edge: Edge, mine: Caller) -> None:
        theirs = Caller(edge, edge.issue_key(f"{SEND} {LOOK}"), mine.now)
        mine.post(mine.measured("a", 2))
        assert theirs.windows() == []
        assert theirs.receipt(theirs.measured("a", 3)) == (1, 0, 0)
        assert [each["sum"] for each in mine.windows()] == [2]

    def test_of_a_batch_all_is_kept_or_nothing(self, mine: Caller) -> None:
        ahead = (mine.now + timedelta(minutes=5)).isoformat()
        answer = mine.post(mine.measured("a"), mine.measured("b", occurred_at=ahead))
        answer.is_problem(422, "Unprocessable Content")
        (error,) = answer.json()["errors"]
        assert error["location"] == ["body", "measurements", 1, "occurred_at"]
        assert mine.windows() == []

    @pytest.mark.parametrize(
        "change",
        [
            {"id": "with space"},
            {"id": ""},
            {"metric": "Speed"},
            {"value": 1e16},
            {"value": "1"},
            {"value": True},
            {"occurred_at": "2026-03-10T12:00:00"},  # in no zone
            {"occurred_at": "1999-12-31T23:59:59Z"},
            {"dimensions": {"lane": "a,b"}},
            {"dimensions": {f"d{n}": "1" for n in range(6)}},
            {"colour": "red"},
        ],
    )
    def test_what_cannot_be_a_measurement_is_refused(
        self, mine: Caller, change: dict[str, object]
    ) -> None:
        answer = mine.post(mine.measured("a") | change)
        answer.is_problem(422, "Unprocessable Content")
        (name,) = change
        assert answer.json()["errors"][0]["location"][:4] == ["body", "measurements", 0, name]

    def test_a_batch_has_an_end(self, mine: Caller) -> None:
        batch = [mine.measured(str(n)) for n in range(BATCH)]
        assert mine.receipt(*batch) == (BATCH, 0, 0)
        mine.post(*batch, mine.measured("one-more")).is_problem(422, "Unprocessable Content")
        mine.post().is_problem(422, "Unprocessable Content")

    @pytest.mark.parametrize(
        ("asked", "location"),
        [
            ({"window": "5m"}, "window"),
            ({"metric": "Speed"}, "metric"),
            ({"dimensions": "lane"}, "dimensions"),
            ({"from": "yesterday"}, "from"),
            ({"to": "2026-03-10T12:00:00"}, "to"),
            ({"from": "2026-03-10T12:00:00Z", "to": "2026-03-10T11:00:00Z"}, "from"),
            ({"from": "2026-03-10T12:00:00Z", "to": "2026-03-11T12:00:00Z"}, "from"),
        ],
    )
    def test_a_question_that_has_no_answer_is_refused(
        self, mine: Caller, asked: dict[str, object], location: str
    ) -> None:
        answer = mine.get(**asked)
        answer.is_problem(422, "Unprocessable Content")
        assert answer.json()["errors"][0]["location"] == ["query", location]

    def test_as_many_windows_as_fit_are_answered(self, mine: Caller) -> None:
        since = datetime(2026, 3, 10, 12, tzinfo=UTC)
        until = since + timedelta(seconds=10 * PAGE)
        assert mine.get(**{"from": since.isoformat(), "to": until.isoformat()}).status == 200

    @pytest.mark.parametrize(("method", "path", "scope"), ROUTES)
    def test_a_route_opens_to_its_scope_alone(
        self, edge: Edge, method: str, path: str, scope: str
    ) -> None:
        other = LOOK if scope == SEND else SEND
        edge.call(method, path).is_problem(401, "Unauthorized")
        for key, status in (("ak_no_such", 401), (edge.issue_key(other), 403)):
            answer = edge.call(method, path, headers={"Authorization": f"Bearer {key}"})
            assert answer.status == status
            assert answer.headers["WWW-Authenticate"].startswith("Bearer error=")
        # With it the body is read, and what else is wrong is told.
        headers = {"Authorization": f"Bearer {edge.issue_key(scope)}"}
        wrong = path if method == "POST" else f"{path.partition('?')[0]}?metric=Speed"
        content = b'{"measurements": []}' if method == "POST" else b""
        if content:
            headers["Content-Type"] = "application/json"
        edge.call(method, wrong, content, headers).is_problem(422, "Unprocessable Content")

    def test_a_batch_is_metered(self, edge: Edge, mine: Caller) -> None:
        mine.post(mine.measured("a"), mine.measured("b"))
        mine.windows()
        (usage,) = edge.recorded(mine.key)
        assert (usage.operation, usage.model, usage.status) == (SEND, MODEL, 202)
        assert (usage.input_tokens, usage.output_tokens) == (0, 0)
