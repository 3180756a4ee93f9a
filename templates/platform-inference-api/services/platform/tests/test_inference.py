"""The inference API over HTTP, by the tests that every edge of `intelligence` passes."""

import pytest
import wsgi_edge
from django.test import Client

from apps.api import engine as process
from apps.api import limits as process_limits
from intelligence.api.rate_limits import RateLimits
from intelligence.engine import Engine
from intelligence.testing.edge import GUARD, Answer, Edge
from intelligence.testing.inference import InferenceContract, OverloadContract, RateLimitContract

pytestmark = pytest.mark.django_db


@pytest.fixture
def edge(engine: Engine, limits: RateLimits, monkeypatch: pytest.MonkeyPatch) -> Edge:
    monkeypatch.setattr(process, "engine", engine)
    monkeypatch.setattr(process_limits, "limits", limits)
    engine.start().result(GUARD)
    return wsgi_edge.Platform()


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
