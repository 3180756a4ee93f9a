import re
from collections.abc import AsyncGenerator, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from datetime import timedelta
from urllib.parse import urljoin, urlsplit

import httpx2
import pytest
from fastapi import FastAPI
from itsdangerous import TimestampSigner
from sqlalchemy import Connection, event
from starlette.routing import Mount, Route

from app.admin import CONTENT_SECURITY_POLICY, SESSION_SECONDS, TRIES_OF_A_CLIENT
from app.database import Database
from app.keys import ApiKeys
from app.main import create_app
from app.models import ApiKey, UsageRecord, utcnow
from app.settings import Settings
from intelligence.engine import Engine

PAGES = ["/admin/api-key/list", "/admin/usage-record/list", "/admin/api-key/action/revoke"]

here = ContextVar("here", default=False)


@contextmanager
def statements(database: Database) -> Iterator[list[str]]:
    """What the block asks the database, and not what the app asks at the same time by itself."""
    asked: list[str] = []

    def note(_: Connection, __: object, statement: str, *___: object) -> None:
        if here.get():
            asked.append(statement)

    listener = (database.engine.sync_engine, "before_cursor_execute", note)
    event.listen(*listener)
    token = here.set(True)
    yield asked
    here.reset(token)
    event.remove(*listener)


def key_id(key: str) -> str:
    return "_".join(key.split("_")[:2])


async def sign_in(client: httpx2.AsyncClient, key: str) -> httpx2.Response:
    return await client.post("/admin/login", data={"key": key})


@pytest.fixture
async def admin_key(keys: ApiKeys) -> str:
    return await keys.issue("Ada", ["admin"])


@pytest.fixture
async def stranger(app: FastAPI) -> AsyncGenerator[httpx2.AsyncClient]:
    transport = httpx2.ASGITransport(app)
    async with httpx2.AsyncClient(transport=transport, base_url="http://test") as client:
        yield client


@pytest.fixture
async def staff(client: httpx2.AsyncClient, admin_key: str) -> httpx2.AsyncClient:
    """Signed in."""
    response = await sign_in(client, admin_key)
    assert (response.status_code, response.headers["location"]) == (302, "http://test/admin/")
    return client


async def revoked(database: Database, key: str) -> bool:
    async with database.session() as session:
        return (await session.get_one(ApiKey, key_id(key))).revoked_at is not None


def routes(app: FastAPI) -> Iterator[tuple[str, str]]:
    """Method and path of all that the admin offers but files and the way in and out."""
    [mount] = [each for each in app.routes if isinstance(each, Mount) and each.name == "admin"]
    for route in mount.routes:
        if isinstance(route, Route) and route.name not in ("login", "logout"):
            path = re.sub(r"\{identity\}", "api-key", route.path)
            for method in sorted(route.methods or ()):
                yield method, "/admin" + re.sub(r"\{[^}]*\}", "x", path)


async def test_anonymous_is_led_to_the_login_from_everywhere(
    app: FastAPI, client: httpx2.AsyncClient
) -> None:
    asked = list(routes(app))
    assert ("POST", "/admin/api-key/revoke") in asked
    for method, path in asked:
        response = await client.request(method, path)
        where = (response.status_code, response.headers.get("location"))
        assert where == (302, "http://test/admin/login"), (method, path)
    assert (await client.get("/admin/login")).status_code == 200


async def test_signing_in_opens_the_pages(staff: httpx2.AsyncClient) -> None:
    start = await staff.get("/admin/", follow_redirects=True)
    assert start.status_code == 200
    for path in PAGES:
        assert (await staff.get(path)).status_code == 200, path


async def test_useless_keys_are_refused_in_the_same_words_at_the_same_cost(
    client: httpx2.AsyncClient, database: Database, keys: ApiKeys
) -> None:
    gone = await keys.issue("gone", ["admin"])
    await keys.revoke(key_id(gone))
    expired = await keys.issue("expired", ["admin"], utcnow() - timedelta(seconds=1))
    seen = set()
    for key in ("", "wrong", f"{gone}x", gone, expired):
        with statements(database) as asked:
            response = await sign_in(client, key)
        assert "set-cookie" not in response.headers
        seen.add((response.status_code, response.text, tuple(asked)))
    [(status, text, asked_of_all)] = seen
    assert asked_of_all
    assert status == 400
    assert "Not a usable key with the scope" in text


async def test_a_key_without_the_scope_does_not_open_the_admin(
    client: httpx2.AsyncClient, key: str
) -> None:
    response = await sign_in(client, key)
    assert (response.status_code, "set-cookie" in response.headers) == (400, False)


async def test_who_tries_keys_is_stopped_before_anything_is_looked_up_or_recorded(
    client: httpx2.AsyncClient, database: Database, admin_key: str
) -> None:
    for _ in range(TRIES_OF_A_CLIENT):
        assert (await sign_in(client, "wrong")).status_code == 400
    with statements(database) as asked:
        answer = await sign_in(client, admin_key)
    assert (answer.status_code, "set-cookie" in answer.headers) == (429, False)
    assert 0 < int(answer.headers["retry-after"]) <= 60
    assert asked == []


async def test_a_failed_sign_in_ends_the_session_before(staff: httpx2.AsyncClient) -> None:
    await sign_in(staff, "wrong")
    assert (await staff.get(PAGES[0])).status_code == 302


@pytest.mark.parametrize("change", ["revoked", "expired", "without the scope", "deleted"])
async def test_a_key_that_becomes_useless_ends_its_session(
    staff: httpx2.AsyncClient, database: Database, admin_key: str, change: str
) -> None:
    async with database.session() as session:
        row = await session.get_one(ApiKey, key_id(admin_key))
        match change:
            case "revoked":
                row.revoked_at = utcnow()
            case "expired":
                row.expires_at = utcnow()
            case "without the scope":
                row.scopes = "administration inference"
            case _:
                await session.delete(row)
    for path in PAGES:
        assert (await staff.get(path)).status_code == 302, path


async def test_signing_out_ends_the_session(staff: httpx2.AsyncClient) -> None:
    await staff.get("/admin/logout")
    assert (await staff.get(PAGES[0])).status_code == 302


async def test_the_cookie_is_kept_from_scripts_and_other_sites(
    client: httpx2.AsyncClient, admin_key: str
) -> None:
    cookie = (await sign_in(client, admin_key)).headers["set-cookie"]
    assert set(cookie.split("; ")[1:]) == {
        "path=/admin",
        f"Max-Age={SESSION_SECONDS}",
        "httponly",
        "samesite=strict",
    }
    assert admin_key not in cookie


async def test_the_cookie_is_for_tls_alone_in_production(
    app: FastAPI, admin_key: str, settings: Settings
) -> None:
    production = settings.model_copy(update={"app_env": "production"})
    other = create_app(production, Engine(lambda: pytest.fail("no model is needed")))
    transport = httpx2.ASGITransport(other)
    async with httpx2.AsyncClient(transport=transport, base_url="https://test") as client:
        cookie = (await sign_in(client, admin_key)).headers["set-cookie"]
    await other.state.database.close()
    assert "; secure" in cookie


async def test_a_session_cannot_be_made_without_the_secret_and_does_not_last(
    staff: httpx2.AsyncClient, stranger: httpx2.AsyncClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    cookie = staff.cookies["admin_session"]
    payload = cookie.split(".")[0].encode()
    signed, _, signature = cookie.rpartition(".")
    other = "A" if signature[0] != "A" else "B"  # the last character of base64 has spare bits
    for forged in (
        TimestampSigner("change-me").sign(payload).decode(),
        payload.decode(),
        f"{signed}.{other}{signature[1:]}",
    ):
        headers = {"Cookie": f"admin_session={forged}"}
        assert (await stranger.get(PAGES[0], headers=headers)).status_code == 302, forged
    now = TimestampSigner("").get_timestamp()
    monkeypatch.setattr(TimestampSigner, "get_timestamp", lambda _: now + SESSION_SECONDS + 60)
    assert (await staff.get(PAGES[0])).status_code == 302


async def test_asking_to_revoke_changes_nothing(
    staff: httpx2.AsyncClient, database: Database, key: str, admin_key: str
) -> None:
    chosen = f"{key_id(key)},{key_id(admin_key)}"
    page = await staff.get(f"/admin/api-key/action/revoke?pks={chosen}")
    ids = re.findall(r'name="id" value="([^"]+)"', page.text)
    assert sorted(ids) == sorted(chosen.split(","))
    assert page.text.count("you signed in with it") == 1
    assert not await revoked(database, key)
    assert (await staff.get("/admin/api-key/revoke")).status_code == 405


async def test_the_form_revokes(
    staff: httpx2.AsyncClient, keys: ApiKeys, key: str, admin_key: str
) -> None:
    response = await staff.post("/admin/api-key/revoke", data={"id": key_id(key)})
    assert (response.status_code, response.headers["location"]) == (
        303,
        "http://test/admin/api-key/list",
    )
    assert await keys.find(key) is None
    assert await keys.find(admin_key) is not None
    page = await staff.get(f"/admin/api-key/action/revoke?pks={key_id(key)}")
    assert "Nothing to revoke: no key is chosen, or each of them is revoked already." in page.text


@pytest.mark.parametrize(
    ("headers", "status"),
    [
        ({"Sec-Fetch-Site": "cross-site"}, 403),
        ({"Sec-Fetch-Site": "same-site"}, 403),
        ({"Origin": "https://evil.example"}, 403),
        ({"Origin": "null"}, 403),
        ({"Sec-Fetch-Site": "cross-site", "Origin": "http://test"}, 403),
        ({"Sec-Fetch-Site": "same-origin"}, 303),
        ({"Origin": "http://test"}, 303),
    ],
)
async def test_another_site_cannot_make_a_browser_revoke(
    staff: httpx2.AsyncClient,
    database: Database,
    key: str,
    headers: dict[str, str],
    status: int,
) -> None:
    response = await staff.post("/admin/api-key/revoke", data={"id": key_id(key)}, headers=headers)
    assert response.status_code == status
    assert await revoked(database, key) == (status == 303)


async def test_another_site_cannot_sign_a_browser_in(
    client: httpx2.AsyncClient, admin_key: str
) -> None:
    headers = {"Sec-Fetch-Site": "cross-site"}
    response = await client.post("/admin/login", data={"key": admin_key}, headers=headers)
    assert (response.status_code, "set-cookie" in response.headers) == (403, False)


@pytest.mark.parametrize("identity", ["api-key", "usage-record"])
async def test_nothing_is_made_edited_deleted_or_exported(
    staff: httpx2.AsyncClient, key: str, database: Database, identity: str
) -> None:
    for method, path in [
        ("GET", "create"),
        ("POST", "create"),
        ("GET", f"edit/{key_id(key)}"),
        ("POST", f"edit/{key_id(key)}"),
        ("DELETE", f"delete?pks={key_id(key)}"),
        ("GET", "export/csv"),
        ("POST", "import"),
    ]:
        response = await staff.request(method, f"/admin/{identity}/{path}")
        assert response.status_code == 403, (method, path)
    assert not await revoked(database, key)


async def test_no_page_shows_a_key_or_its_hash(
    staff: httpx2.AsyncClient, database: Database, key: str
) -> None:
    async with database.session() as session:
        digest = (await session.get_one(ApiKey, key_id(key))).digest
    for path in (*PAGES, f"/admin/api-key/details/{key_id(key)}"):
        text = (await staff.get(path)).text
        assert digest not in text
        assert key not in text
    assert key_id(key) in (await staff.get(f"/admin/api-key/details/{key_id(key)}")).text


async def test_usage_is_listed_newest_first_and_found_by_key(
    staff: httpx2.AsyncClient, database: Database, key: str, admin_key: str
) -> None:
    async with database.session() as session:
        for each, latency in ((key, 1.25), (admin_key, 7.75)):
            session.add(
                UsageRecord(
                    key_id=key_id(each),
                    operation="embeddings",
                    model="m",
                    input_tokens=1,
                    output_tokens=0,
                    latency_ms=latency,
                    status=200,
                    cost_nano=140_000_000 if each == key else None,
                )
            )
            await session.flush()
    every = (await staff.get("/admin/usage-record/list")).text
    assert every.index(f"<td>{key_id(admin_key)}</td>") < every.index(f"<td>{key_id(key)}</td>")
    found = (await staff.get(f"/admin/usage-record/list?search={key_id(key)}")).text
    assert "<td>1.2</td>" in found
    assert "<td>7.8</td>" not in found
    assert "<td>0.14 EUR</td>" in found
    assert "<td>unknown</td>" in every


async def test_pages_carry_their_policy_and_load_nothing_from_elsewhere(
    staff: httpx2.AsyncClient, key: str
) -> None:
    assert not re.search("unsafe|https?:", CONTENT_SECURITY_POLICY)
    details = f"/admin/api-key/details/{key_id(key)}"
    revoke = f"/admin/api-key/action/revoke?pks={key_id(key)}"
    for path in (*PAGES, details, revoke, "/admin/login", "/admin/nowhere/list"):
        page = await staff.get(path)
        assert page.headers["content-security-policy"] == CONTENT_SECURITY_POLICY, path
        assert page.headers["cache-control"] == "no-store"
        assert not re.search(r"<script(?![^>]* src=)|<style|\sstyle=|\son\w+=", page.text), path
        for link in re.findall(r'(?:src|href|action)="([^"]+)"', page.text):
            address = urlsplit(urljoin(f"http://test{path}", link))
            assert address.netloc == "test" or address.geturl() == "data:,", (path, link)
            if "/statics/" in address.path:
                served = await staff.get(address.path)
                assert served.status_code == 200
                assert "cache-control" not in served.headers


async def test_the_policy_is_relaxed_for_the_admin_alone(client: httpx2.AsyncClient) -> None:
    for path in ("/livez", "/administrator", "/docs"):
        assert (await client.get(path)).headers[
            "content-security-policy"
        ] != CONTENT_SECURITY_POLICY
