"""Jobs and their results are the tenant's."""

import asyncio

from .world import Client, Tenant, World

GUARD = 10.0  # seconds, against a hang
JOB = {"kind": "embeddings", "model": "made-up", "input": ["a text"]}


async def done(client: Client, path: str) -> None:
    async with asyncio.timeout(GUARD):
        while (await client.get(path))["status"] != "succeeded":  # noqa: ASYNC110 - another's state
            await asyncio.sleep(0.02)


async def test_another_tenant_finds_no_job_by_id_in_the_list_or_by_its_result(
    acme: Tenant, other: Tenant, world: World
) -> None:
    answer = await acme.member.call("POST", "/v1/jobs", JOB)
    assert answer.status_code == 202, answer.text
    path = answer.headers["location"]
    await done(acme.machine, path)
    assert (await acme.admin.get(f"{path}/result"))["data"]
    for client in (other.owner, other.machine, await world.person()):
        assert await client.status("GET", path) == 404
        assert await client.status("GET", f"{path}/result") == 404
        assert await client.status("DELETE", path) == 404
        assert (await client.get("/v1/jobs"))["data"] == []
    [listed] = (await acme.machine.get("/v1/jobs"))["data"]
    assert path.endswith(listed["id"])


async def test_two_tenants_may_use_the_same_idempotency_key(acme: Tenant, other: Tenant) -> None:
    ids = set()
    for client in (acme.member, acme.machine, other.member):
        headers = {"Authorization": f"Bearer {client.credentials}", "Idempotency-Key": "same"}
        answer = await client.http.post("/v1/jobs", json=JOB, headers=headers)
        assert answer.status_code == 202, answer.text
        ids.add(answer.json()["id"])
    assert len(ids) == 2
