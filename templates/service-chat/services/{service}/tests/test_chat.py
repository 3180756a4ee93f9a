"""The chat API over HTTP, by the tests that every edge of `intelligence` passes."""

from typing import Protocol

import openai
import pytest
from fastapi import FastAPI
from fastapi.testclient import TestClient
from pydantic import ValidationError

from app.main import create_app
from app.settings import Settings
from intelligence.engine import Engine
from intelligence.testing.chat import Caller, ChatContract, OfficialClientContract
from intelligence.testing.edge import Edge
from intelligence.testing.embedder import MadeUpEmbedder


class Service(Edge, Protocol):
    """As conftest.py has it."""

    app: FastAPI
    http: TestClient


class TestChat(ChatContract):
    """On the embedded model."""

    @pytest.mark.parametrize("stream", [False, True])
    def test_an_answer_that_is_out_makes_place_for_another(
        self, caller: Caller, edge: Service, stream: bool
    ) -> None:
        assert caller.ask(stream=stream).status == 200
        assert edge.app.state.answers.open == 0


class TestOfficialClient(OfficialClientContract):
    @pytest.fixture
    def client(self, caller: Caller, edge: Service) -> openai.OpenAI:
        return openai.OpenAI(
            api_key=caller.key, base_url="http://testserver/v1", http_client=edge.http
        )


def test_what_finds_as_many_answers_as_settings_allow_is_refused_before_it_is_read(
    settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("CHAT_ANSWERS", "1")
    app = create_app(settings, Engine(MadeUpEmbedder))
    with TestClient(app) as client:
        app.state.answers.open = 1
        refused = client.post("/v1/chat/completions", content=b"{")
        app.state.answers.open = 0
        read = client.post("/v1/chat/completions", content=b"{")
    assert (refused.status_code, refused.headers["Retry-After"]) == (503, "1")
    assert read.status_code == 401


def test_what_makes_no_sense_is_refused_at_start(
    settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("CHAT_ANSWERS", "0")
    with pytest.raises(ValidationError, match="chat_answers"):
        create_app(settings, Engine(MadeUpEmbedder))
