"""The inference API over HTTP, by the tests that every edge of `intelligence` passes."""

import threading
from collections.abc import Mapping, Sequence

import pytest
from django.test import Client

from apps.ai import keys
from apps.ai.models import UsageRecord
from apps.inference import api
from apps.inference import engine as process
from intelligence.embedded import OnnxEmbedder
from intelligence.engine import Engine
from intelligence.ports import Embeddings
from intelligence.testing.inference import GUARD, Answer, Caller, Edge, InferenceContract
from intelligence.testing.usage_sink import usage_of
from intelligence.usage import Usage


class Platform:
    def __init__(self) -> None:
        self._client = Client(raise_request_exception=False)

    def post(self, path: str, content: bytes, headers: Mapping[str, str]) -> Answer:
        response = self._client.post(path, content, headers["Content-Type"], headers=headers)
        return Answer(response.status_code, response.headers, response.content)

    def issue_key(self, scope: str) -> str:
        return keys.issue("test", [scope])

    def recorded(self, key: str) -> Sequence[Usage]:
        rows = UsageRecord.objects.filter(key_id="_".join(key.split("_", 2)[:2])).order_by("id")
        return [usage_of(row) for row in rows]


@pytest.mark.django_db
class TestInference(InferenceContract):
    @pytest.fixture
    def edge(self, engine: Engine, monkeypatch: pytest.MonkeyPatch) -> Edge:
        monkeypatch.setattr(process, "engine", engine)
        engine.start().result(GUARD)
        return Platform()

    def test_no_thread_waits_for_the_model_for_ever(
        self, caller: Caller, engine: Engine, model: OnnxEmbedder, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        leave, embed = threading.Event(), model.embed
        seen: list[str] = []

        def wait(texts: Sequence[str]) -> Embeddings:
            seen.extend(texts)
            assert leave.wait(GUARD)
            return embed(texts)

        monkeypatch.setattr(model, "embed", wait)
        monkeypatch.setattr(api, "RESULT_TIMEOUT", 0.01)
        running = engine.embed(["running"])
        answer = caller.post("embeddings")
        leave.set()
        running.result(GUARD)
        answer.is_problem(503, "Service Unavailable")
        assert answer.headers["Retry-After"] == "1"
        assert engine.embed(["next"]).result(GUARD).tokens == 3
        assert seen == ["running", "next"]  # nobody waits for the other any more
        assert caller.recorded() == []

    def test_another_method_is_told_which_is_right(self, edge: Edge) -> None:
        response = Client().get("/v1/embeddings")
        answer = Answer(response.status_code, response.headers, response.content)
        answer.is_problem(405, "Method Not Allowed")
        assert answer.headers["Allow"] == "POST"
