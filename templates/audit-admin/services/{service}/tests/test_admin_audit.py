import httpx2
import pytest

from app.keys import ApiKeys

LIST = "/admin/audit-event/list"


@pytest.fixture
async def admin_key(keys: ApiKeys) -> str:
    return await keys.issue("Ada", ["admin"])


@pytest.fixture
async def staff(client: httpx2.AsyncClient, admin_key: str) -> httpx2.AsyncClient:
    """Signed in."""
    await client.post("/admin/login", data={"key": admin_key})
    return client


def key_id(key: str) -> str:
    return "_".join(key.split("_")[:2])


async def found(staff: httpx2.AsyncClient, about: str) -> str:
    page = await staff.get(LIST, params={"search": about})
    assert page.status_code == 200
    return page.text


async def test_the_log_is_for_staff_alone(client: httpx2.AsyncClient) -> None:
    assert (await client.get(LIST)).status_code == 302


async def test_what_staff_does_is_recorded_under_its_key(
    staff: httpx2.AsyncClient, key: str, admin_key: str
) -> None:
    await staff.post("/admin/api-key/revoke", data={"id": key_id(key)})
    page = await found(staff, key_id(key))
    assert page.index("key.revoked") < page.index("key.issued")
    revoked, issued = [page.split("<tr>")[row] for row in (2, 3)]
    assert (key_id(admin_key) in revoked, key_id(admin_key) in issued) == (True, False)


async def test_who_signs_in_or_is_refused_is_recorded(
    staff: httpx2.AsyncClient, key: str, admin_key: str
) -> None:
    await staff.post("/admin/login", data={"key": key})
    await staff.post("/admin/login", data={"key": admin_key})
    assert "admin.signed_in" in await found(staff, key_id(admin_key))
    assert "admin.refused" in await found(staff, key_id(key))


async def test_an_event_is_not_edited_or_deleted(staff: httpx2.AsyncClient) -> None:
    for method, path in [
        ("POST", "create"),
        ("POST", "edit/1"),
        ("DELETE", "delete?pks=1"),
        ("GET", "export/csv"),
    ]:
        answer = await staff.request(method, f"/admin/audit-event/{path}")
        assert answer.status_code == 403, (method, path)
