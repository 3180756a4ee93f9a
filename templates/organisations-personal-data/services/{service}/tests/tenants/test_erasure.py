"""Nobody calls or acts for an organisation whose data was deleted."""

import logging

import pytest

from app.database import Database
from app.personal_data import erase

from .world import Tenant, World


async def refreshed(world: World, token: str) -> int:
    body = {"refresh_token": token}
    return await world.client(None).status("POST", "/v1/sessions/refresh", body)


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
    assert await refreshed(world, acme.member.session.refresh_token) == 401
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
