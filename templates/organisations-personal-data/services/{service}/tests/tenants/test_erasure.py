"""Nobody calls or acts for whom was deleted, and nobody is left in what others keep."""

import logging

import pytest

from app.database import Database
from app.personal_data import count, erase

from .world import Tenant, World


async def test_nobody_goes_on_for_an_organisation_that_was_deleted(
    world: World,
    database: Database,
    acme: Tenant,
    other: Tenant,
    caplog: pytest.LogCaptureFixture,
) -> None:
    caplog.set_level(logging.INFO, "app.events")
    await erase(database, acme.organisation.key_id)
    for client in (acme.owner, acme.member, acme.machine):
        assert await client.status("GET", "/v1/models") == 401
    # Nor does a session go on for its person instead.
    assert await world.refreshed(acme.member) == 401
    machine = "_".join((acme.machine.credentials or "").split("_")[:2])
    assert f"key.revoked {machine} by" in caplog.text
    assert await other.member.status("GET", "/v1/models") == 200
    assert await other.machine.status("GET", "/v1/models") == 200


async def test_a_token_for_a_deleted_organisation_opens_nothing_while_its_session_is_open(
    world: World, database: Database, acme: Tenant
) -> None:
    answer = await acme.member.call("PUT", "/v1/account/organisation", {"organisation": None})
    assert answer.status_code == 200
    await erase(database, acme.organisation.key_id)
    assert await acme.member.status("GET", "/v1/models") == 401
    own = world.client(answer.json()["access_token"])
    assert await own.status("GET", "/v1/models") == 200


async def test_who_is_deleted_is_invited_no_more(
    world: World, database: Database, acme: Tenant
) -> None:
    person = await world.person()
    for email in (person.account.email, "another@example.com"):
        body = {"email": email, "role": "member"}
        assert await acme.owner.status("POST", f"{acme.path}/invitations", body) == 201
    assert (await count(database, person.account.key_id))["invitation"] == 1
    await erase(database, person.account.key_id)
    left = (await acme.owner.get(f"{acme.path}/invitations"))["data"]
    assert [each["email"] for each in left] == ["another@example.com"]


async def test_a_token_for_an_organisation_opens_nothing_once_its_session_acts_for_another(
    acme: Tenant,
) -> None:
    assert await acme.member.status("GET", "/v1/models") == 200
    answer = await acme.member.call("PUT", "/v1/account/organisation", {"organisation": None})
    assert answer.status_code == 200
    assert await acme.member.status("GET", "/v1/models") == 401
