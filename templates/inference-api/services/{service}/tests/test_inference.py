"""The inference API over HTTP, by the tests that every edge of `intelligence` passes."""

from collections.abc import Iterator, Mapping, Sequence

import pytest
from fastapi.testclient import TestClient
from sqlalchemy import select

from app.database import Database
from app.keys import ApiKeys
from app.main import create_app
from app.models import UsageRecord
from app.settings import Settings
from intelligence.engine import Engine
from intelligence.testing.inference import Answer, Edge, InferenceContract
from intelligence.testing.usage_sink import usage_of
from intelligence.usage import Usage


class Service:
    """The app in an event loop of the client's own, where keys and records are asked for, too."""

    def __init__(self, client: TestClient, keys: ApiKeys, database: Database) -> None:
        assert client.portal is not None  # from the start of the client's `with` block
        self._client = client
        self._call = client.portal.call
        self._keys = keys
        self._database = database

    def post(self, path: str, content: bytes, headers: Mapping[str, str]) -> Answer:
        response = self._client.post(path, content=content, headers=headers)
        return Answer(response.status_code, response.headers, response.content)

    def issue_key(self, scope: str) -> str:
        return self._call(self._keys.issue, "test", [scope])

    def recorded(self, key: str) -> Sequence[Usage]:
        key_id = "_".join(key.split("_", 2)[:2])
        query = select(UsageRecord).where(UsageRecord.key_id == key_id).order_by(UsageRecord.id)

        async def rows() -> Sequence[UsageRecord]:
            async with self._database.session() as session:
                return (await session.scalars(query)).all()

        return [usage_of(row) for row in self._call(rows)]


class TestInference(InferenceContract):
    @pytest.fixture
    def edge(self, engine: Engine, settings: Settings) -> Iterator[Edge]:
        app = create_app(settings, engine)
        with TestClient(app) as client:
            yield Service(client, app.state.keys, app.state.database)
