import asyncio
import hashlib
import itertools
from datetime import datetime, timedelta
from pathlib import Path

import httpx2
import pytest
from fastapi import FastAPI
from fastapi.routing import iter_route_contexts
from pydantic import SecretStr
from sqlalchemy import update
from starlette.routing import Mount, WebSocketRoute
from starlette.staticfiles import StaticFiles

from app.database import Database
from app.keys import SCOPES, ApiKeys, Caller
from app.models import ApiKey, utcnow
from app.settings import Settings
from intelligence.api.rate_limits import RateLimits

ANY_KEY = ("/v1/models", "/v1/usage")  # which ask for no scope, and what is below
PUBLIC = {"/livez", "/readyz", "/openapi.json", "/docs", "/docs/start.js"}


def guarded(app: FastAPI) -> list[tuple[str, str]]:
    """Method and path of every route that is not public, those of included routers as well.

    Public is, too, what the contract says asks for no key. WebSockets have tests of their own.
    """
    paths = app.openapi()["paths"]
    return [
        (method, path.replace(":path", ""))
        for route in iter_route_contexts(app.routes)
        if not isinstance(route.original_route, Mount | WebSocketRoute)
        if (path := route.path) is not None and path not in PUBLIC
        for method in sorted(route.methods or {"GET"})
        if paths.get(path, {}).get(method.lower(), {}).get("security") != []
    ]


async def test_what_is_mounted_is_files_or_has_a_guard_and_tests_of_its_own(app: FastAPI) -> None:
    mounts = [route for route in app.routes if isinstance(route, Mount)]
    assert mounts
    for mount in mounts:
        own_tests = Path(__file__).with_name(f"test_{mount.name}.py")
        assert isinstance(mount.app, StaticFiles) or own_tests.exists(), mount.path


async def test_every_route_that_is_not_public_asks_for_a_key(
    app: FastAPI, client: httpx2.AsyncClient
) -> None:
    routes = guarded(app)
    assert routes
    for method, path in routes:
        response = await client.request(method, path)
        assert (path, response.status_code) == (path, 401)
        assert response.headers["www-authenticate"].startswith("Bearer")
        assert response.headers["content-type"] == "application/problem+json"


async def test_a_key_without_the_scope_is_forbidden_everywhere(
    app: FastAPI, client: httpx2.AsyncClient, keys: ApiKeys
) -> None:
    key = await keys.issue("other", ["other"])
    for method, path in guarded(app):
        response = await client.request(method, path, headers={"Authorization": f"Bearer {key}"})
        assert (path, response.status_code == 403) == (path, not path.startswith(ANY_KEY))
        if path.startswith(ANY_KEY):
            continue
        assert 'error="insufficient_scope"' in response.headers["www-authenticate"]


async def test_every_route_that_asks_for_a_key_counts_and_documents_what_it_refuses(
    app: FastAPI, client: httpx2.AsyncClient, keys: ApiKeys
) -> None:
    app.state.rate_limits = RateLimits(1)
    auth = {"Authorization": f"Bearer {await keys.issue('all', SCOPES)}"}
    paths = app.openapi()["paths"]
    first, *_ = routes = guarded(app)
    assert (await client.request(*first, headers=auth)).status_code != 429
    for method, path in routes:
        response = await client.request(method, path, headers=auth)
        assert (path, response.status_code) == (path, 429)
        assert response.headers["content-type"] == "application/problem+json"
        assert 0 < int(response.headers["retry-after"]) <= 60
        refusals = {"401", "429"} if path.startswith(ANY_KEY) else {"401", "403", "429"}
        assert refusals <= paths[path][method.lower()]["responses"].keys()


@pytest.mark.parametrize("header", ["", "Bearer", "Bearer no-key", "Basic dTpw", "Bearer \u00e9"])
async def test_what_is_no_key_is_unauthorized(
    app: FastAPI, client: httpx2.AsyncClient, header: str
) -> None:
    method, path = guarded(app)[0]
    headers = [(b"Authorization", header.encode())]
    assert (await client.request(method, path, headers=headers)).status_code == 401


async def test_an_expired_key_is_unknown(keys: ApiKeys) -> None:
    now = utcnow()
    expired = await keys.issue("expired", ["inference"], now - timedelta(seconds=1))
    usable = await keys.issue("usable", ["inference"], now + timedelta(days=1))
    assert await keys.find(expired) is None
    assert await keys.find(usable) is not None


async def test_a_revoked_key_is_unauthorized(
    app: FastAPI, client: httpx2.AsyncClient, keys: ApiKeys, key_id: str, auth: dict[str, str]
) -> None:
    method, path = guarded(app)[0]
    assert (await client.request(method, path, headers=auth)).status_code != 401
    assert await keys.revoke(key_id)
    assert (await client.request(method, path, headers=auth)).status_code == 401
    assert not await keys.revoke(key_id)


async def test_only_a_hash_under_the_secret_is_stored(
    database: Database, keys: ApiKeys, key: str, key_id: str
) -> None:
    async with database.session() as session:
        row = await session.get_one(ApiKey, key_id)
        stored = [str(getattr(row, column.key)) for column in ApiKey.__table__.columns]
    secret = key.removeprefix(key_id + "_")
    assert len(secret) == 43  # 256 bits in base64
    assert not any(secret in value for value in stored)
    assert hashlib.sha256(key.encode()).hexdigest() not in stored
    assert await ApiKeys(database, SecretStr("another secret")).find(key) is None


async def test_a_row_can_move_between_services_that_share_the_secret(database: Database) -> None:
    """A Django platform has the same test: what one has hashed the other finds."""
    keys = ApiKeys(database, SecretStr("shared secret"))
    await keys.put("ak_moved", "ak_moved_key", "moved", ["inference"])
    async with database.session() as session:
        row = await session.get_one(ApiKey, "ak_moved")
    assert row.digest == "a6fe2d5e61e3be6287711821635facf05620e628f9210fc14a74aa5871fc3c45"


async def test_the_caller_and_the_time_of_use_are_known(
    database: Database, keys: ApiKeys, key: str, key_id: str
) -> None:
    async def last_used() -> datetime | None:
        async with database.session() as session:
            return (await session.get_one(ApiKey, key_id)).last_used_at

    before = utcnow()
    assert await last_used() is None
    assert await keys.find(key) == Caller(key_id, "test", frozenset({"inference"}))
    first = await last_used()
    assert first is not None
    assert first >= before
    await keys.find(key)
    assert await last_used() == first  # written once a minute


async def test_of_many_uses_at_once_one_waits_to_be_written(
    database: Database, settings: Settings, key: str
) -> None:
    keys = ApiKeys(database, settings.secret_key)
    async with database.session() as writer:
        await writer.execute(update(ApiKey).values(name="held"))
        finding = [asyncio.create_task(keys.find(key)) for _ in range(10)]
        async with asyncio.timeout(4):
            for answered in itertools.islice(asyncio.as_completed(finding), 9):
                assert await answered is not None
        assert sum(task.done() for task in finding) == 9
    assert await asyncio.gather(*finding)
