"""`/v1/models`, by the tests that every edge of `intelligence` passes."""

import pytest
from wsgi_edge import Platform

from apps.api import engine as process
from intelligence.engine import Engine
from intelligence.testing.edge import GUARD, Edge
from intelligence.testing.models import ModelsContract


@pytest.mark.django_db
class TestModels(ModelsContract):
    @pytest.fixture
    def edge(self, engine: Engine, monkeypatch: pytest.MonkeyPatch) -> Edge:
        monkeypatch.setattr(process, "engine", engine)
        engine.start().result(GUARD)
        return Platform()
