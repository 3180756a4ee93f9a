"""What `/v1/usage` promises, whichever service serves it."""

from collections.abc import Iterator
from datetime import UTC, datetime, time, timedelta
from typing import Any, Protocol

import pytest

from intelligence.engine import Engine
from intelligence.testing.edge import GUARD, NONE, Edge
from intelligence.testing.embedder import MadeUpEmbedder
from intelligence.usage import Usage

PATH = "/v1/usage"


class MeteredEdge(Edge, Protocol):
    def put_down(self, key: str, usage: Usage, at: datetime, cost_nano: int | None) -> None:
        """Stores what was used with this key at that time."""
        ...


class UsageApiContract:
    """Inherit it and give the fixture `edge`: a service on `engine`, started."""

    @pytest.fixture
    def engine(self) -> Iterator[Engine]:
        engine = Engine(MadeUpEmbedder)
        yield engine
        engine.close(GUARD)

    @pytest.fixture
    def midnight(self) -> datetime:
        """At which today began."""
        return datetime.combine(datetime.now(UTC).date(), time.min, UTC)

    def ask(self, edge: Edge, key: str, query: str = "") -> Any:
        answer = edge.call("GET", PATH + query, headers={"Authorization": f"Bearer {key}"})
        assert (answer.status, answer.headers["Content-Type"]) == (200, "application/json")
        return answer.json()

    def test_requests_are_added_up_by_day_and_operation(
        self, edge: MeteredEdge, midnight: datetime
    ) -> None:
        key = edge.issue_key("other")
        chat = Usage(None, "chat", "m", 600, 40, 300.0, 200, 100.0)
        failed = Usage(None, "chat", "m", 20, 0, 100.0, 500)
        embeddings = Usage(None, "embeddings", "n", 7, 0, 2.5, 200)
        edge.put_down(key, chat, midnight, 1_000_000_001)
        edge.put_down(key, failed, midnight, None)
        edge.put_down(key, embeddings, midnight - timedelta(milliseconds=10), None)
        edge.put_down(key, embeddings, midnight - timedelta(days=1), 0)
        edge.put_down(key, embeddings, midnight - timedelta(days=3), None)
        body = self.ask(edge, key)
        assert body["object"] == "list"
        assert len(body["currency"]) == 3
        today, yesterday, earlier = body["data"]
        assert today == {
            "day": f"{midnight:%Y-%m-%d}",
            "operation": "chat",
            "requests": 2,
            "unpriced": 1,
            "input_tokens": 620,
            "output_tokens": 40,
            "cost": "1.000000001",
            "latency_ms": 200.0,
            "first_token_ms": 100.0,
        }
        assert yesterday == {
            "day": f"{midnight - timedelta(days=1):%Y-%m-%d}",
            "operation": "embeddings",
            "requests": 2,
            "unpriced": 1,
            "input_tokens": 14,
            "output_tokens": 0,
            "cost": "0.000000000",
            "latency_ms": 2.5,
            "first_token_ms": None,
        }
        assert (earlier["cost"], earlier["unpriced"]) == (None, 1)

    def test_a_day_has_its_operations_by_name(self, edge: MeteredEdge, midnight: datetime) -> None:
        key = edge.issue_key("other")
        for operation in ("similar", "classify"):
            edge.put_down(key, Usage(None, operation, "m", 1, 0, 1.0, 200), midnight, None)
        found = [each["operation"] for each in self.ask(edge, key)["data"]]
        assert found == ["classify", "similar"]

    def test_it_is_the_callers_own(self, edge: MeteredEdge, midnight: datetime) -> None:
        usage = Usage(None, "embeddings", "m", 7, 0, 1.5, 200)
        edge.put_down(edge.issue_key("other"), usage, midnight, None)
        assert self.ask(edge, edge.issue_key("other"))["data"] == []

    def test_it_goes_back_as_many_days_as_are_asked_for(
        self, edge: MeteredEdge, midnight: datetime
    ) -> None:
        key = edge.issue_key("other")
        usage = Usage(None, "embeddings", "m", 7, 0, 1.5, 200)
        for days in (0, 6, 29, 30):
            edge.put_down(key, usage, midnight - timedelta(days=days), None)
        found = [len(self.ask(edge, key, each)["data"]) for each in ("?days=1", "?days=7", "")]
        assert found == [1, 2, 3]

    @pytest.mark.parametrize("days", ["0", "93", "all"])
    def test_no_more_days_than_there_are_to_be_had(self, edge: Edge, days: str) -> None:
        headers = {"Authorization": f"Bearer {edge.issue_key('other')}"}
        answer = edge.call("GET", f"{PATH}?days={days}", headers=headers)
        answer.is_problem(422, "Unprocessable Content")
        assert answer.json()["errors"][0]["location"] == ["query", "days"]

    def test_a_key_is_needed(self, edge: Edge) -> None:
        unknown = {"Authorization": "Bearer ak_0123456789ab_unknown"}
        for headers, challenge in ((NONE, "Bearer"), (unknown, 'Bearer error="invalid_token"')):
            answer = edge.call("GET", PATH, headers=headers)
            answer.is_problem(401, "Unauthorized")
            assert answer.headers["WWW-Authenticate"] == challenge
