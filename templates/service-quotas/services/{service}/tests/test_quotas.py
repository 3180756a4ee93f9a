"""Quotas over HTTP, by the tests that every edge of `intelligence` passes, and by command."""

import asyncio
from collections.abc import Iterator, Mapping
from dataclasses import replace
from datetime import datetime

import pytest
from fastapi import FastAPI
from fastapi.testclient import TestClient
from sqlalchemy import event

from app.__main__ import main
from app.database import Database
from app.keys import SCOPES, ApiKeys
from app.main import create_app
from app.quota_store import SqlQuotas
from app.settings import Settings
from app.stores import Entry
from intelligence.api.quotas import Counts, Quotas
from intelligence.engine import Engine
from intelligence.testing.edge import NONE, Answer
from intelligence.testing.quotas import USAGE, LimitedEdge, QuotaContract
from intelligence.usage import Usage


class Limited:
    def __init__(self, app: FastAPI, client: TestClient) -> None:
        assert client.portal is not None  # from the start of the client's `with` block
        self.app = app
        self._http = client
        self._call = client.portal.call

    def call(
        self, method: str, path: str, content: bytes = b"", headers: Mapping[str, str] = NONE
    ) -> Answer:
        response = self._http.request(method, path, content=content, headers=headers)
        return Answer(response.status_code, response.headers, response.content)

    def issue_key(self, scope: str, name: str = "test") -> str:
        keys: ApiKeys = self.app.state.keys
        return self._call(keys.issue, name, [scope])

    def set_quota(self, key: str, tokens: int | None, requests: int | None) -> None:
        store = SqlQuotas(self.app.state.database)
        assert self._call(store.put, id_of(key), tokens, requests)

    def use(self, key: str, usage: Usage, at: datetime) -> None:
        """By the writer alone, of which this process's quotas do not hear."""
        entry = Entry(replace(usage, key_id=id_of(key)), at)
        self._call(self.app.state.usage_writer._insert, [entry])

    def record(self, key: str, usage: Usage) -> None:
        self._call(self.app.state.usage_sink.record, replace(usage, key_id=id_of(key)))


def id_of(key: str) -> str:
    return "_".join(key.split("_", 2)[:2])


class TestQuotas(QuotaContract):
    @pytest.fixture
    def edge(self, engine: Engine, quotas: Quotas, settings: Settings) -> Iterator[LimitedEdge]:
        app = create_app(settings, engine)
        app.state.quotas = quotas
        with TestClient(app) as client:
            yield Limited(app, client)


async def test_a_request_asks_nothing_of_the_database(
    database: Database, app: FastAPI, keys: ApiKeys
) -> None:
    key = await keys.issue("test", ["inference"])
    caller = await keys.find(key)
    asked: list[str] = []

    def asks(_: object, __: object, statement: str, *___: object) -> None:
        asked.append(statement)

    event.listen(database.engine.sync_engine, "before_cursor_execute", asks)
    for _ in range(10):
        for admit in app.state.doors:
            await admit(caller)
    assert sum("key_quota" in statement for statement in asked) == 1


async def test_what_cannot_be_recorded_does_not_count(database: Database, app: FastAPI) -> None:
    keys, store = app.state.keys, SqlQuotas(database)
    key_id = id_of(await keys.issue("test", ["inference"]))
    assert await store.put(key_id, 100, 100)
    sink = app.state.usage_writer
    lost, kept = replace(USAGE, key_id="ak_nobody"), replace(USAGE, key_id=key_id)
    await sink._insert([Entry(kept), Entry(lost), Entry(kept)])
    counts = await store.counts(key_id)
    assert counts is not None
    assert (counts.tokens, counts.requests) == (20, 2)


def test_the_command_sets_and_lifts(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["keys", "issue", "--name", "Ada", "--scope", min(SCOPES)]) == 0
    key_id = id_of(capsys.readouterr().out)

    def counts() -> Counts | None:
        async def read() -> Counts | None:
            database = Database(Settings().database_url)
            try:
                return await SqlQuotas(database).counts(key_id)
            finally:
                await database.close()

        return asyncio.run(read())

    assert main(["quota", key_id, "--tokens-a-month", "1000", "--requests-a-day", "0"]) == 0
    found = counts()
    assert found is not None
    assert (found.tokens_a_month, found.requests_a_day) == (1000, 0)
    assert main(["quota", key_id]) == 0
    assert counts() is None
    assert main(["quota", "ak_nobody", "--requests-a-day", "5"]) == 1
    assert "ak_nobody" in capsys.readouterr().err
    with pytest.raises(SystemExit):
        main(["quota", key_id, "--requests-a-day", "many"])
