"""Usage is the tenant's, whoever of it asks."""

from sqlalchemy import select

from app.models import UsageRecord

from .world import Tenant, World


async def test_usage_is_put_down_to_the_tenant_that_asks(
    world: World, acme: Tenant, other: Tenant
) -> None:
    alone = await world.person()
    asked = {"model": "made-up", "input": "a text"}
    for client in (acme.member, acme.machine, other.member, alone):
        assert await client.status("POST", "/v1/embeddings", asked) == 200
    await world.app.state.usage_writer.flush()

    async def requests(key_id: str) -> int:
        query = select(UsageRecord).where(UsageRecord.key_id == key_id)
        async with world.app.state.database.reading() as session:
            return len((await session.scalars(query)).all())

    assert await requests(acme.organisation.key_id) == 2
    assert await requests(other.organisation.key_id) == 1
    assert await requests(alone.account.key_id) == 1
