"""The chat API over HTTP, by the tests that every edge of `intelligence` passes."""

import sys
from importlib import import_module

import httpx2
import openai
import pytest
from asgi_edge import Platform
from asgiref.sync import async_to_sync
from django.core.exceptions import ImproperlyConfigured

from apps.api import engine as process
from apps.api import waiting
from apps.chat import answering
from apps.chat.answering import Answers
from apps.core.streams import server_stops
from intelligence.engine import Engine
from intelligence.generation.extractive import ExtractiveGenerator
from intelligence.testing.chat import Caller, ChatContract, OfficialClientContract
from intelligence.testing.edge import GUARD, Edge


@pytest.fixture
def edge(db: None, engine: Engine, monkeypatch: pytest.MonkeyPatch) -> Edge:
    monkeypatch.setattr(process, "engine", engine)
    monkeypatch.setattr(answering, "generator", ExtractiveGenerator(engine))
    engine.start().result(GUARD)
    return Platform()


class TestChat(ChatContract):
    """On the embedded model."""

    @pytest.mark.parametrize("stream", [False, True])
    def test_an_answer_that_is_out_makes_place_for_another(
        self, caller: Caller, stream: bool
    ) -> None:
        assert caller.ask(stream=stream).status == 200
        assert len(answering.answers) == 0


class TestOfficialClient(OfficialClientContract):
    @pytest.fixture
    def client(self, caller: Caller, edge: Edge) -> openai.OpenAI:
        def call(request: httpx2.Request) -> httpx2.Response:
            path = request.url.raw_path.decode()
            headers = {
                name: request.headers[name]
                for name in ("Authorization", "Content-Type")
                if name in request.headers
            }
            answer = edge.call(request.method, path, request.read(), headers)
            return httpx2.Response(
                answer.status, headers=dict(answer.headers), content=answer.content
            )

        return openai.OpenAI(
            api_key=caller.key,
            base_url="http://testserver/v1",
            http_client=httpx2.Client(transport=httpx2.MockTransport(call)),
        )


@pytest.mark.django_db
def test_what_finds_as_many_answers_as_settings_allow_is_refused_before_it_is_read(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    held: list[float] = []

    def hold(now: float) -> float:
        held.append(now)
        return 0

    monkeypatch.setattr(waiting.refusals, "hold", hold)
    monkeypatch.setattr(answering, "answers", Answers(1))
    place = answering.answers.take()
    refused = Platform().call("POST", "/v1/chat/completions", b"{")
    refused.is_problem(503, "Service Unavailable")
    assert refused.headers["Retry-After"] == "1"
    assert len(held) == 1
    answering.answers.give_back(place)
    assert Platform().call("POST", "/v1/chat/completions", b"{").status == 401


def test_a_place_that_nobody_holds_is_free() -> None:
    """As that of a stream whose client left before it began."""
    answers = Answers(1)
    place = answers.take()
    assert len(answers) == 1
    del place
    assert len(answers) == 0


def test_the_generator_ends_with_the_server(monkeypatch: pytest.MonkeyPatch) -> None:
    closed = []

    class Closed(ExtractiveGenerator):
        async def close(self) -> None:
            closed.append(self.model)

    monkeypatch.setattr(answering, "generator", Closed(process.engine))
    async_to_sync(server_stops.asend)(sender=None)
    assert closed == [Closed.model]


def test_what_makes_no_sense_is_refused_at_start(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CHAT_ANSWERS", "0")
    monkeypatch.delitem(sys.modules, "config.settings.chat", raising=False)
    with pytest.raises(ImproperlyConfigured, match="CHAT_ANSWERS"):
        import_module("config.settings.chat")
