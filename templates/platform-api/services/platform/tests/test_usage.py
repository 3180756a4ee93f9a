"""`/v1/usage`, by the tests that every edge of `intelligence` passes."""

import pytest
from wsgi_edge import Platform

from apps.api import engine as process
from intelligence.engine import Engine
from intelligence.testing.edge import GUARD
from intelligence.testing.usage_api import MeteredEdge, UsageApiContract


@pytest.mark.django_db
class TestUsage(UsageApiContract):
    @pytest.fixture
    def edge(self, engine: Engine, monkeypatch: pytest.MonkeyPatch) -> MeteredEdge:
        monkeypatch.setattr(process, "engine", engine)
        engine.start().result(GUARD)
        return Platform()
