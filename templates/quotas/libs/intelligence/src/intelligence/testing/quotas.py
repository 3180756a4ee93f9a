"""What an edge keeps of its callers' quotas."""

from collections.abc import Iterator, Mapping
from datetime import UTC, datetime, timedelta
from typing import Any, Protocol

import pytest

from intelligence.api.quotas import Quotas, periods
from intelligence.engine import Engine
from intelligence.testing.edge import GUARD, NONE, Answer
from intelligence.testing.embedder import MadeUpEmbedder
from intelligence.usage import Usage

PATH = "/v1/usage/quotas"
USAGE = Usage(None, "embeddings", "m", 7, 3, 1.5, 200)


class LimitedEdge(Protocol):
    def call(
        self, method: str, path: str, content: bytes = b"", headers: Mapping[str, str] = NONE
    ) -> Answer: ...

    def issue_key(self, scope: str, name: str = "test") -> str:
        """A new API key; of several scopes, separated by spaces."""
        ...

    def set_quota(self, key: str, tokens: int | None, requests: int | None) -> None:
        """A month and a day."""
        ...

    def use(self, key: str, usage: Usage, at: datetime) -> None:
        """Recorded by another process, at that time."""
        ...

    def record(self, key: str, usage: Usage) -> None:
        """Through the sink of the edge's own process."""
        ...


class QuotaContract:
    """Inherit it and give the fixture `edge`: a service on `engine` with `quotas`, started."""

    @pytest.fixture
    def engine(self) -> Iterator[Engine]:
        engine = Engine(MadeUpEmbedder)
        yield engine
        engine.close(GUARD)

    @pytest.fixture
    def refresh(self) -> timedelta:
        """Nothing is remembered."""
        return timedelta(0)

    @pytest.fixture
    def quotas(self, refresh: timedelta) -> Quotas:
        return Quotas(refresh)

    @pytest.fixture
    def now(self) -> datetime:
        return datetime.now(UTC)

    def ask(self, edge: LimitedEdge, key: str) -> Answer:
        """The first operation that asks for a scope of the key's, without what else it asks for."""
        paths = edge.call("GET", "/openapi.json").json()["paths"]
        answers = (
            edge.call(method.upper(), path, headers={"Authorization": f"Bearer {key}"})
            for path, operations in sorted(paths.items())
            for method, operation in operations.items()
            if "403" in operation["responses"]
        )
        return next(answer for answer in answers if answer.status != 403)

    def limited(self, edge: LimitedEdge, tokens: int | None, requests: int | None) -> str:
        """A key with these quotas that opens everything."""
        key = edge.issue_key("analytics chat documents inference items recommendations")
        edge.set_quota(key, tokens, requests)
        return key

    def shown(self, edge: LimitedEdge, key: str) -> Any:
        answer = edge.call("GET", PATH, headers={"Authorization": f"Bearer {key}"})
        assert (answer.status, answer.headers["Content-Type"]) == (200, "application/json")
        return answer.json()["data"]

    def test_requests_beyond_the_days_are_refused_until_midnight(
        self, edge: LimitedEdge, now: datetime
    ) -> None:
        key = self.limited(edge, None, 2)
        for _ in range(2):
            assert self.ask(edge, key).status != 429
            edge.use(key, USAGE, now)
        answer = self.ask(edge, key)
        assert answer.status == 429
        _, day = periods(now)
        midnight = f"{day + timedelta(days=1)}T00:00:00"
        assert answer.headers["Content-Type"] == "application/problem+json"
        assert 0 < int(answer.headers["Retry-After"]) <= 86400
        assert answer.json() == {
            "type": "about:blank",
            "title": "Too Many Requests",
            "status": 429,
            "detail": f"the quota of 2 requests a day is used up until {midnight}+00:00",
            "quota": "requests a day",
            "limit": 2,
            "resets_at": f"{midnight}Z",
        }

    def test_tokens_beyond_the_months_are_refused_until_its_end(
        self, edge: LimitedEdge, now: datetime
    ) -> None:
        key = self.limited(edge, 11, None)
        edge.use(key, USAGE, now)
        assert self.ask(edge, key).status != 429
        edge.use(key, USAGE, now)
        answer = self.ask(edge, key)
        assert answer.status == 429
        assert answer.json()["quota"] == "tokens a month"
        first, _ = periods(now)
        resets = datetime.fromisoformat(answer.json()["resets_at"])
        assert (resets.day, resets.hour) == (1, 0)
        assert timedelta(days=28) <= resets.date() - first <= timedelta(days=31)

    def test_what_is_left_is_shown_also_where_nothing_is(
        self, edge: LimitedEdge, now: datetime
    ) -> None:
        assert self.shown(edge, edge.issue_key("other")) == []
        key = self.limited(edge, 15, 5)
        edge.use(key, USAGE, now)
        tokens, requests = self.shown(edge, key)
        assert (tokens["quota"], tokens["limit"], tokens["used"], tokens["left"]) == (
            "tokens a month", 15, 10, 5
        )  # fmt: skip
        assert (requests["quota"], requests["used"], requests["left"]) == ("requests a day", 1, 4)
        edge.use(key, USAGE, now)
        assert self.ask(edge, key).status == 429
        assert [each["left"] for each in self.shown(edge, key)] == [0, 3]
        listed = edge.call("GET", "/v1/usage", headers={"Authorization": f"Bearer {key}"})
        assert listed.status == 200

    def test_a_quota_is_one_keys(self, edge: LimitedEdge, now: datetime) -> None:
        limited, other = self.limited(edge, 1, 1), self.limited(edge, 100, 100)
        edge.use(limited, USAGE, now)
        assert [self.ask(edge, key).status == 429 for key in (limited, other)] == [True, False]
        assert [each["used"] for each in self.shown(edge, other)] == [0, 0]

    def test_a_new_month_and_day_begin_with_nothing(self, edge: LimitedEdge, now: datetime) -> None:
        key = self.limited(edge, 100, 100)
        for at in (now, now, now + timedelta(days=40)):
            edge.use(key, USAGE, at)
        assert [each["used"] for each in self.shown(edge, key)] == [10, 1]

    def test_what_is_written_late_ends_no_count(self, edge: LimitedEdge, now: datetime) -> None:
        key = self.limited(edge, 100, 100)
        for at in (now, now - timedelta(days=40)):
            edge.use(key, USAGE, at)
        assert [each["used"] for each in self.shown(edge, key)] == [20, 2]

    def test_what_was_used_before_it_was_set_counts(self, edge: LimitedEdge, now: datetime) -> None:
        key = edge.issue_key("other")
        for at in (now, now - timedelta(days=40)):
            edge.use(key, USAGE, at)
        edge.set_quota(key, 100, 100)
        assert [each["used"] for each in self.shown(edge, key)] == [10, 1]

    def test_it_can_be_replaced_and_lifted(self, edge: LimitedEdge, now: datetime) -> None:
        key = self.limited(edge, 1, 1)
        edge.use(key, USAGE, now)
        assert self.ask(edge, key).status == 429
        edge.set_quota(key, 11, None)
        assert self.ask(edge, key).status != 429
        assert [each["used"] for each in self.shown(edge, key)] == [10]
        edge.set_quota(key, None, None)
        assert self.shown(edge, key) == []

    def test_a_key_is_needed(self, edge: LimitedEdge) -> None:
        edge.call("GET", PATH).is_problem(401, "Unauthorized")

    @pytest.mark.parametrize("refresh", [timedelta(hours=1)])
    def test_what_its_own_process_lets_in_counts_at_once(self, edge: LimitedEdge) -> None:
        key = self.limited(edge, None, 2)
        assert [self.ask(edge, key).status == 429 for _ in range(3)] == [False, False, True]

    @pytest.mark.parametrize("refresh", [timedelta(hours=1)])
    def test_what_its_own_process_uses_counts_at_once(
        self, edge: LimitedEdge, now: datetime
    ) -> None:
        key = self.limited(edge, 11, None)
        assert self.ask(edge, key).status != 429
        edge.use(key, USAGE, now)
        edge.record(key, USAGE)
        assert self.ask(edge, key).status != 429  # what others used is not known yet
        edge.record(key, USAGE)
        assert self.ask(edge, key).status == 429
