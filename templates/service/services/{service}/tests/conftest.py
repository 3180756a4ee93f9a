"""An app with a made-up model on a migrated database: a new SQLite file, or TEST_DATABASE_URL."""

import os
from collections.abc import AsyncGenerator, Generator

import httpx2
import pytest
from alembic import command
from alembic.config import Config
from fastapi import FastAPI

from app.database import Database
from app.keys import ApiKeys
from app.main import create_app
from app.settings import ROOT, Settings
from intelligence.engine import Engine
from intelligence.testing.embedder import MadeUpEmbedder


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
        for name in Settings.model_fields:
            patch.delenv(name.upper(), raising=False)
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
