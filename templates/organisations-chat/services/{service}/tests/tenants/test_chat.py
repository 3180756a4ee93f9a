"""Documents and conversations are the tenant's: by id, in lists, by search and in answers."""

from typing import Any

import pytest

from app.keys import ApiKeys

from .world import Client, Tenant, World

OURS = {"title": "Bicycles", "text": "The secret bicycle of Acme is a tandem."}
THEIRS = {"title": "Kettles", "text": "The kettle of Globex is blue."}
QUESTION = "What is the secret bicycle?"


async def put(client: Client, document_id: str, body: object) -> None:
    assert await client.status("PUT", f"/v1/documents/{document_id}", body) == 201


async def found(client: Client) -> set[str]:
    answer = await client.call("POST", "/v1/search", {"query": QUESTION})
    assert answer.status_code == 200, answer.text
    return {each["text"] for each in answer.json()["data"]}


async def asked(client: Client, world: World, **more: object) -> Any:
    messages = [{"role": "user", "content": QUESTION}]
    body = {"model": world.app.state.generator.model, "messages": messages, **more}
    return await client.call("POST", "/v1/chat/completions", body)


async def test_members_and_keys_of_a_tenant_find_what_one_of_them_put(
    acme: Tenant, world: World
) -> None:
    await put(acme.member, "manual", OURS)
    for client in (acme.owner, acme.admin, acme.machine):
        assert (await client.get("/v1/documents/manual"))["title"] == OURS["title"]
        assert await found(client) == {OURS["text"]}


async def test_another_tenant_finds_no_document_by_id_in_the_list_or_by_search(
    acme: Tenant, other: Tenant, world: World, keys: ApiKeys
) -> None:
    await put(acme.member, "manual", OURS)
    staff = world.client(await keys.issue("staff", ["documents", "chat"]))
    for client in (other.owner, other.machine, await world.person(), staff):
        assert await client.status("GET", "/v1/documents/manual") == 404
        assert await client.status("DELETE", "/v1/documents/manual") == 404
        listed = (await client.get("/v1/documents?limit=100"))["data"]
        assert "manual" not in {each["id"] for each in listed}
        assert OURS["text"] not in await found(client)
    assert (await acme.member.get("/v1/documents/manual"))["title"] == OURS["title"]


async def test_the_same_id_is_another_document_of_another_tenant(
    acme: Tenant, other: Tenant
) -> None:
    await put(acme.member, "manual", OURS)
    await put(other.member, "manual", THEIRS)
    assert (await acme.member.get("/v1/documents/manual"))["title"] == OURS["title"]
    assert await found(acme.member) == {OURS["text"]}
    assert await found(other.member) == {THEIRS["text"]}
    assert await other.owner.status("DELETE", "/v1/documents/manual") == 204
    assert await found(acme.member) == {OURS["text"]}


async def test_the_longest_id_there_is_fits_beside_the_tenant(acme: Tenant) -> None:
    await put(acme.member, "x" * 100, OURS)
    (listed,) = (await acme.member.get("/v1/documents"))["data"]
    assert listed["id"] == "x" * 100


async def test_pages_of_a_list_hold_what_is_the_tenants(acme: Tenant, other: Tenant) -> None:
    for name in ("a", "b", "c"):
        await put(acme.member, name, OURS)
        await put(other.member, name, THEIRS)
    page = await acme.member.get("/v1/documents?limit=2")
    assert [each["id"] for each in page["data"]] == ["a", "b"]
    (last,) = (await acme.member.get(f"/v1/documents?after={page['next']}"))["data"]
    assert (last["id"], last["title"]) == ("c", OURS["title"])


@pytest.mark.parametrize("stream", [False, True])
async def test_no_answer_quotes_another_tenants_documents(
    acme: Tenant, other: Tenant, world: World, *, stream: bool
) -> None:
    await put(acme.member, "manual", OURS)
    await put(other.member, "manual", THEIRS)
    assert "tandem" in (await asked(acme.machine, world, stream=stream)).text
    answer = await asked(other.machine, world, stream=stream)
    assert answer.status_code == 200
    assert "tandem" not in answer.text


async def test_another_tenant_finds_no_conversation(
    acme: Tenant, other: Tenant, world: World
) -> None:
    kept = (await asked(acme.member, world, store=True)).json()["conversation"]
    path = f"/v1/conversations/{kept}"
    assert [each["id"] for each in (await acme.machine.get("/v1/conversations"))["data"]] == [kept]
    for client in (other.owner, other.machine, await world.person()):
        assert (await client.get("/v1/conversations"))["data"] == []
        assert await client.status("GET", path) == 404
        assert await client.status("DELETE", path) == 404
        assert (await asked(client, world, conversation=kept)).status_code == 404
    assert await acme.owner.status("DELETE", path) == 204
