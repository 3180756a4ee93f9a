from uuid import uuid4

import httpx2
import pytest
from fastapi import FastAPI

from app.account_store import Account, Accounts
from app.keys import ApiKeys

LIST = "/admin/account/list"
PASSWORD = "correct horse battery staple"


@pytest.fixture
def accounts(app: FastAPI) -> Accounts:
    accounts: Accounts = app.state.accounts.accounts
    return accounts


@pytest.fixture
async def ada(accounts: Accounts) -> Account:
    account = await accounts.create(f"{uuid4().hex}@example.com", PASSWORD)
    assert account is not None
    await accounts.confirm(account.id)
    return account


@pytest.fixture
async def staff(client: httpx2.AsyncClient, keys: ApiKeys) -> httpx2.AsyncClient:
    """Signed in."""
    await client.post("/admin/login", data={"key": await keys.issue("Grace", ["admin"])})
    return client


async def test_accounts_are_for_staff_alone(
    client: httpx2.AsyncClient, accounts: Accounts, ada: Account
) -> None:
    for method, path in [
        ("GET", LIST),
        ("GET", f"/admin/account/details/{ada.id}"),
        ("GET", f"/admin/account/action/disable?pks={ada.id}"),
        ("POST", "/admin/account/disable"),
    ]:
        answer = await client.request(method, path, data={"email": ada.email, "disable": "1"})
        assert answer.status_code == 302, path
    assert await accounts.sign_in(ada.email, PASSWORD) is not None


async def test_an_account_is_found_and_its_hash_is_not_shown(
    staff: httpx2.AsyncClient, ada: Account
) -> None:
    for path in (f"{LIST}?search={ada.email}", f"/admin/account/details/{ada.id}"):
        page = (await staff.get(path)).text
        assert ada.email in page
        assert "argon2" not in page


async def test_an_account_is_disabled_and_enabled_by_a_form(
    staff: httpx2.AsyncClient, accounts: Accounts, ada: Account
) -> None:
    for verb, field, sessions in (("disable", "1", 0), ("enable", "", 1)):
        page = await staff.get(f"/admin/account/action/{verb}?pks={ada.id}")
        assert f'value="{ada.email}"' in page.text
        assert ('name="disable" value="1"' in page.text) == bool(field)
        form = {"email": ada.email, "disable": field}
        answer = await staff.post("/admin/account/disable", data=form)
        assert (answer.status_code, answer.headers["location"]) == (303, f"http://test{LIST}")
        session = await accounts.sign_in(ada.email, PASSWORD)
        assert (session is not None) == bool(sessions)
        again = await staff.get(f"/admin/account/action/{verb}?pks={ada.id}")
        assert "Nothing to do" in again.text


async def test_another_site_cannot_make_a_browser_disable(
    staff: httpx2.AsyncClient, accounts: Accounts, ada: Account
) -> None:
    form = {"email": ada.email, "disable": "1"}
    headers = {"Sec-Fetch-Site": "cross-site"}
    answer = await staff.post("/admin/account/disable", data=form, headers=headers)
    assert answer.status_code == 403
    assert await accounts.sign_in(ada.email, PASSWORD) is not None
