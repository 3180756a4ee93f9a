"""An app with a made-up model on a migrated database: a new SQLite file, or TEST_DATABASE_URL."""

import os
import re
from collections.abc import AsyncGenerator, Generator, Iterator, Mapping, Sequence
from dataclasses import asdict
from datetime import datetime

import httpx2
import pytest
from alembic import command
from alembic.config import Config
from fastapi import FastAPI
from fastapi.testclient import TestClient
from sqlalchemy import select

from app.database import Database
from app.keys import ApiKeys
from app.main import create_app
from app.models import UsageRecord
from app.settings import ROOT, Settings
from intelligence.api.rate_limits import RateLimits
from intelligence.engine import Engine
from intelligence.testing.edge import NONE, Answer, Edge
from intelligence.testing.embedder import MadeUpEmbedder
from intelligence.testing.usage_sink import usage_of
from intelligence.usage import Usage

# What a developer's .env may set: a test takes nothing from there.
EXAMPLE = (ROOT.parents[1] / ".env.example").read_text(encoding="utf-8")
VARIABLES = re.findall(r"^(\w+)=", EXAMPLE, re.MULTILINE)


class Service:
    """The app in an event loop of the client's own, where keys and records are asked for, too."""

    def __init__(self, app: FastAPI, client: TestClient) -> None:
        assert client.portal is not None  # from the start of the client's `with` block
        self.app = app
        self.http = client
        self._call = client.portal.call
        self._keys: ApiKeys = app.state.keys
        self._database: Database = app.state.database
        self._flush = app.state.usage_writer.flush

    def call(
        self, method: str, path: str, content: bytes = b"", headers: Mapping[str, str] = NONE
    ) -> Answer:
        response = self.http.request(method, path, content=content, headers=headers)
        return Answer(response.status_code, response.headers, response.content)

    def issue_key(self, scope: str, name: str = "test") -> str:
        return self._call(self._keys.issue, name, [scope])

    def recorded(self, key: str) -> Sequence[Usage]:
        key_id = "_".join(key.split("_", 2)[:2])
        query = select(UsageRecord).where(UsageRecord.key_id == key_id).order_by(UsageRecord.id)

        async def rows() -> Sequence[UsageRecord]:
            async with self._database.session() as session:
                return (await session.scalars(query)).all()

        self._call(self._flush)
        return [usage_of(row) for row in self._call(rows)]

    def put_down(self, key: str, usage: Usage, at: datetime, cost_nano: int | None) -> None:
        record = UsageRecord(**asdict(usage), created_at=at, cost_nano=cost_nano)
        record.key_id = "_".join(key.split("_", 2)[:2])

        async def store() -> None:
            async with self._database.session() as session:
                session.add(record)

        self._call(store)


@pytest.fixture(scope="session")
def anyio_backend() -> str:
    return "asyncio"


@pytest.fixture(scope="session")
def migrations() -> Config:
    return Config(toml_file=ROOT / "pyproject.toml")


@pytest.fixture(scope="session", autouse=True)
def environment(tmp_path_factory: pytest.TempPathFactory, migrations: Config) -> Generator[None]:
    """Only the tests' own settings, and a database at the newest revision."""
    file = tmp_path_factory.mktemp("database") / "test.sqlite3"
    with pytest.MonkeyPatch.context() as patch:
        for name in VARIABLES:
            patch.delenv(name, raising=False)
        patch.setenv("APP_ENV", "test")
        patch.setenv("DATABASE_URL", os.environ.get("TEST_DATABASE_URL", f"sqlite:///{file}"))
        command.downgrade(migrations, "base")
        command.upgrade(migrations, "heads")
        yield


@pytest.fixture
def settings() -> Settings:
    return Settings()


@pytest.fixture
async def app(settings: Settings) -> AsyncGenerator[FastAPI]:
    app = create_app(settings, Engine(MadeUpEmbedder))
    async with app.router.lifespan_context(app):
        yield app


@pytest.fixture
def database(app: FastAPI) -> Database:
    database: Database = app.state.database
    return database


@pytest.fixture
def keys(app: FastAPI) -> ApiKeys:
    keys: ApiKeys = app.state.keys
    return keys


@pytest.fixture
async def key(keys: ApiKeys) -> str:
    return await keys.issue("test", ["inference"])


@pytest.fixture
def key_id(key: str) -> str:
    return key.rsplit("_", maxsplit=key.count("_") - 1)[0]


@pytest.fixture
async def client(app: FastAPI) -> AsyncGenerator[httpx2.AsyncClient]:
    """Sends no key."""
    transport = httpx2.ASGITransport(app)
    async with httpx2.AsyncClient(transport=transport, base_url="http://test") as client:
        yield client


@pytest.fixture
def auth(key: str) -> dict[str, str]:
    return {"Authorization": f"Bearer {key}"}


@pytest.fixture
def limits() -> RateLimits:
    """None, unless a suite has others."""
    return RateLimits(0)


@pytest.fixture
def edge(engine: Engine, limits: RateLimits, settings: Settings) -> Iterator[Edge]:
    """On the `engine` of the suite that asks for it."""
    app = create_app(settings, engine)
    app.state.rate_limits = limits
    with TestClient(app) as client:
        yield Service(app, client)
