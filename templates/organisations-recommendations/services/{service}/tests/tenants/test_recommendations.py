"""Items, events and what comes of them are the tenant's."""

from typing import Any

from .world import Client, Tenant, World

KETTLE = {"title": "Blue kettle", "text": "Enamel, two litres."}
TEAPOT = {"title": "Green teapot", "text": "Earthenware, one litre, with a lid."}


async def fill(client: Client, **items: object) -> None:
    for name, body in items.items():
        assert await client.status("PUT", f"/v1/items/{name}", body) == 201


async def recommended(client: Client, subject: str) -> list[str]:
    found: Any = await client.get(f"/v1/recommendations?subject={subject}")
    return [each["item_id"] for each in found["data"]]


async def test_another_tenant_finds_no_item_by_id_in_the_list_or_by_likeness(
    acme: Tenant, other: Tenant, world: World
) -> None:
    await fill(acme.member, kettle=KETTLE, teapot=TEAPOT)
    assert (await acme.machine.get("/v1/items/kettle"))["title"] == KETTLE["title"]
    for client in (other.owner, other.machine, await world.person()):
        assert await client.status("GET", "/v1/items/kettle") == 404
        assert await client.status("DELETE", "/v1/items/kettle") == 404
        assert await client.status("GET", "/v1/items/kettle/similar") == 404
        assert (await client.get("/v1/items"))["data"] == []
        assert await recommended(client, "ada") == []
    await fill(other.member, kettle=TEAPOT)
    similar = (await other.member.get("/v1/items/kettle/similar"))["data"]
    assert similar == []
    assert (await acme.member.get("/v1/items/kettle"))["title"] == KETTLE["title"]


async def test_what_is_done_in_one_tenant_moves_nothing_in_another(
    acme: Tenant, other: Tenant
) -> None:
    for tenant in (acme, other):
        await fill(tenant.member, kettle=KETTLE, teapot=TEAPOT)
    event = {"id": "1", "subject": "ada", "item_id": "kettle", "kind": "purchase"}
    before = await recommended(other.member, "ada")
    assert await acme.machine.status("POST", "/v1/events", {"events": [event]}) == 200
    assert await recommended(acme.member, "ada") == ["teapot"]
    assert await recommended(other.member, "ada") == before
    answer = await other.machine.call("POST", "/v1/events", {"events": [event]})
    assert answer.json() == {"recorded": 1, "known": 0, "refused": []}
