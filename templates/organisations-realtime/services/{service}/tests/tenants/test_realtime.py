"""Measurements, windows and live streams are the tenant's."""

from datetime import timedelta

import pytest
from starlette.requests import HTTPConnection

from app import accounts
from app.accounts import ACCESS
from app.models import utcnow
from app.realtime import may_look
from intelligence.live.hub import Wanted

from .world import Client, Tenant, World


async def send(client: Client, value: float) -> None:
    measurement = {"id": "1", "metric": "speed", "value": value}
    answer = await client.call("POST", "/v1/measurements", {"measurements": [measurement]})
    assert answer.status_code == 202, answer.text
    assert answer.json()["accepted"] == 1


async def sums(client: Client) -> list[float]:
    until = (utcnow() + timedelta(minutes=1)).isoformat().replace("+", "%2B")
    found = await client.get(f"/v1/aggregates?metric=speed&window=10s&to={until}")
    return [each["sum"] for each in found["data"]]


async def test_another_tenant_sees_no_window_and_may_use_the_same_ids(
    acme: Tenant, other: Tenant, world: World
) -> None:
    await send(acme.machine, 3)
    assert await sums(acme.member) == [3]
    for client in (other.owner, other.machine, await world.person()):
        assert await sums(client) == []
    await send(other.member, 5)
    assert await sums(other.machine) == [5]
    assert await sums(acme.member) == [3]


async def test_a_stream_tells_of_its_own_tenant_alone(
    acme: Tenant, other: Tenant, world: World
) -> None:
    hub = world.app.state.analytics.hub
    ours, theirs = (
        hub.subscribe(Wanted(tenant.organisation.key_id, None, None, None))
        for tenant in (acme, other)
    )
    await send(acme.member, 3)
    assert ours.take()
    assert not theirs.take()
    for each in (ours, theirs):
        hub.leave(each)


async def test_a_person_looks_on_for_as_long_as_the_token_holds(
    acme: Tenant, world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    connection = HTTPConnection({"type": "http", "app": world.app})
    assert acme.member.credentials is not None
    assert await may_look(connection, acme.member.credentials)
    later = utcnow() + ACCESS
    monkeypatch.setattr(accounts, "utcnow", lambda: later)
    assert not await may_look(connection, acme.member.credentials)
