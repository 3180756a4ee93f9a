"""The inference API over HTTP, by the tests that every edge of `intelligence` passes."""

from collections.abc import Mapping, Sequence

import pytest
from django.test import Client

from apps.ai import keys
from apps.ai.models import UsageRecord
from apps.api import engine as process
from apps.api import limits as process_limits
from intelligence.api.rate_limits import RateLimits
from intelligence.engine import Engine
from intelligence.testing.edge import GUARD, NONE, Answer, Edge
from intelligence.testing.inference import InferenceContract, OverloadContract, RateLimitContract
from intelligence.testing.usage_sink import usage_of
from intelligence.usage import Usage

pytestmark = pytest.mark.django_db


class Platform:
    def __init__(self) -> None:
        self._client = Client(raise_request_exception=False)

    def call(
        self, method: str, path: str, content: bytes = b"", headers: Mapping[str, str] = NONE
    ) -> Answer:
        kind = headers.get("Content-Type", "")
        response = self._client.generic(method, path, content, kind, headers=headers)
        return Answer(response.status_code, response.headers, response.content)

    def issue_key(self, scope: str) -> str:
        return keys.issue("test", [scope])

    def recorded(self, key: str) -> Sequence[Usage]:
        rows = UsageRecord.objects.filter(key_id="_".join(key.split("_", 2)[:2])).order_by("id")
        return [usage_of(row) for row in rows]


@pytest.fixture
def edge(engine: Engine, limits: RateLimits, monkeypatch: pytest.MonkeyPatch) -> Edge:
    monkeypatch.setattr(process, "engine", engine)
    monkeypatch.setattr(process_limits, "limits", limits)
    engine.start().result(GUARD)
    return Platform()


class TestInference(InferenceContract):
    def test_another_method_is_told_which_is_right(self, edge: Edge) -> None:
        response = Client().get("/v1/embeddings")
        answer = Answer(response.status_code, response.headers, response.content)
        answer.is_problem(405, "Method Not Allowed")
        assert answer.headers["Allow"] == "POST"


class TestOverload(OverloadContract):
    """On the embedded model."""


class TestRateLimit(RateLimitContract):
    """On the embedded model."""
