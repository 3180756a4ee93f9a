"""The chat API over HTTP, by the tests that every edge of `intelligence` passes."""

from collections.abc import Iterator, Mapping, Sequence

import openai
import pytest
from fastapi import FastAPI
from fastapi.testclient import TestClient
from pydantic import ValidationError
from sqlalchemy import select

from app.database import Database
from app.keys import ApiKeys
from app.main import create_app
from app.models import UsageRecord
from app.settings import Settings
from intelligence.engine import Engine
from intelligence.testing.chat import Caller, ChatContract, OfficialClientContract
from intelligence.testing.embedder import MadeUpEmbedder
from intelligence.testing.edge import NONE, Answer
from intelligence.testing.usage_sink import usage_of
from intelligence.usage import Usage


class Service:
    """The app in an event loop of the client's own, where keys and records are asked for, too."""

    def __init__(self, app: FastAPI, client: TestClient) -> None:
        assert client.portal is not None  # from the start of the client's `with` block
        self.app = app
        self._client = client
        self._call = client.portal.call
        self._keys: ApiKeys = app.state.keys
        self._database: Database = app.state.database

    def call(
        self, method: str, path: str, content: bytes = b"", headers: Mapping[str, str] = NONE
    ) -> Answer:
        response = self._client.request(method, path, content=content, headers=headers)
        return Answer(response.status_code, response.headers, response.content)

    def client(self, key: str) -> openai.OpenAI:
        return openai.OpenAI(api_key=key, base_url="http://test/v1", http_client=self._client)

    def issue_key(self, scope: str) -> str:
        return self._call(self._keys.issue, "test", [scope])

    def recorded(self, key: str) -> Sequence[Usage]:
        key_id = "_".join(key.split("_", 2)[:2])
        query = select(UsageRecord).where(UsageRecord.key_id == key_id).order_by(UsageRecord.id)

        async def rows() -> Sequence[UsageRecord]:
            async with self._database.session() as session:
                return (await session.scalars(query)).all()

        return [usage_of(row) for row in self._call(rows)]


@pytest.fixture
def edge(engine: Engine, settings: Settings) -> Iterator[Service]:
    app = create_app(settings, engine)
    with TestClient(app) as client:
        yield Service(app, client)


class TestChat(ChatContract):
    """On the embedded model."""


class TestOfficialClient(OfficialClientContract):
    """On the embedded model."""


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
    assert read.status_code == 400


@pytest.mark.parametrize("stream", [False, True])
def test_an_answer_that_is_out_makes_place_for_another(edge: Service, stream: bool) -> None:  # noqa: FBT001
    caller = Caller(edge, edge.issue_key("chat"))
    assert caller.ask(stream=stream).status == 200
    assert edge.app.state.answers.open == 0


def test_what_makes_no_sense_is_refused_at_start(
    settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("CHAT_ANSWERS", "0")
    with pytest.raises(ValidationError, match="chat_answers"):
        create_app(settings, Engine(MadeUpEmbedder))
