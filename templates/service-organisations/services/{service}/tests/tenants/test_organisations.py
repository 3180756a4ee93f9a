"""Members and their roles, invitations, keys, and for whom a token calls."""

import asyncio
from datetime import timedelta

import pytest
from fastapi import FastAPI
from sqlalchemy import update

from app import organisation_store
from app.__main__ import main
from app.accounts import STAFF
from app.keys import SCOPES, ApiKeys
from app.models import utcnow
from app.organisation_store import Invitation
from app.tenants import MemberRole

from .conftest import Mailbox
from .world import Person, Tenant, World


async def roles(tenant: Tenant, asked: Person | None = None) -> dict[str, str]:
    page = await (asked or tenant.owner).get(f"{tenant.path}/members")
    return {each["account_id"]: each["role"] for each in page["data"]}


async def invited(tenant: Tenant, mailbox: Mailbox, person: Person, role: str = "member") -> str:
    body = {"email": person.account.email, "role": role}
    assert await tenant.owner.status("POST", f"{tenant.path}/invitations", body) == 201
    address, _, token = mailbox.sent[-1]
    assert address == person.account.email
    return token


async def test_who_founds_an_organisation_owns_it(world: World) -> None:
    person = await world.person()
    answer = await person.call("POST", "/v1/organisations", {"name": " Acme "})
    assert answer.status_code == 201
    founded = answer.json()
    assert (founded["name"], founded["role"]) == ("Acme", "owner")
    assert (await person.get("/v1/organisations"))["data"] == [founded]
    renamed = await person.call("PATCH", f"/v1/organisations/{founded['id']}", {"name": "Ajax"})
    assert renamed.json() == founded | {"name": "Ajax"}


@pytest.mark.parametrize("name", ["", "  ", "Acme\nBcc: all@example.com", "x" * 101])
async def test_a_name_stands_on_one_line_of_a_mail(world: World, name: str) -> None:
    person = await world.person()
    assert await person.status("POST", "/v1/organisations", {"name": name}) == 422


@pytest.mark.parametrize("path", ["/v1/organisations/%00", "/v1/organisations/og_1/members/%00"])
async def test_an_id_that_no_database_takes_is_refused(acme: Tenant, path: str) -> None:
    assert await acme.owner.status("DELETE", path) in {404, 422}
    choice = {"organisation": "\0"}
    assert await acme.owner.status("PUT", "/v1/account/organisation", choice) == 422
    invitation = {"email": "a\0b@example.com"}
    assert await acme.owner.status("POST", f"{acme.path}/invitations", invitation) == 422


async def test_a_token_says_for_whom_its_person_acts(world: World, acme: Tenant) -> None:
    me = await acme.member.get("/v1/account")
    assert me["id"] == acme.member.account.id
    assert me["key_id"] == acme.organisation.key_id
    assert set(me["scopes"]) == SCOPES - STAFF
    path = "/v1/account/organisation"
    alone = (await acme.member.call("PUT", path, {"organisation": None})).json()
    me = await world.client(alone["access_token"]).get("/v1/account")
    assert me["key_id"] == acme.member.account.key_id


async def test_a_session_goes_on_to_act_for_the_organisation(world: World, acme: Tenant) -> None:
    body = {"refresh_token": acme.member.session.refresh_token}
    answer = await world.client(None).call("POST", "/v1/sessions/refresh", body)
    me = await world.client(answer.json()["access_token"]).get("/v1/account")
    assert me["key_id"] == acme.organisation.key_id


async def test_nobody_acts_for_an_organisation_of_others(
    acme: Tenant, other: Tenant, world: World
) -> None:
    stranger = await world.person()
    for client in (other.owner, stranger):
        body = {"organisation": acme.organisation.id}
        assert await client.status("PUT", "/v1/account/organisation", body) == 404


async def test_a_session_that_ended_chooses_nothing(world: World, acme: Tenant) -> None:
    body = {"refresh_token": acme.member.session.refresh_token}
    await world.client(None).call("POST", "/v1/sessions/end", body)
    choice = {"organisation": acme.organisation.id}
    assert await acme.member.status("PUT", "/v1/account/organisation", choice) == 401


async def test_an_organisation_is_as_if_it_were_not_there_for_others(
    acme: Tenant, other: Tenant
) -> None:
    of_others = await other.owner.call("GET", acme.path)
    of_nobody = await other.owner.call("GET", "/v1/organisations/og_000000000000")
    assert of_others.status_code == of_nobody.status_code == 404
    assert of_others.content == of_nobody.content


async def test_members_are_listed_in_pages(acme: Tenant) -> None:
    found = []
    path = f"{acme.path}/members?limit=2"
    page = await acme.member.get(path)
    found += page["data"]
    page = await acme.member.get(f"{path}&after={page['next']}")
    found += page["data"]
    assert page["next"] is None
    people = (acme.owner, acme.admin, acme.member)
    assert [each["email"] for each in found] == [
        each.account.email for each in sorted(people, key=lambda person: person.account.id)
    ]


async def test_an_admin_changes_roles_and_makes_no_owner(acme: Tenant) -> None:
    member, owner = (f"{acme.path}/members/{each.account.id}" for each in (acme.member, acme.owner))
    assert await acme.admin.status("PUT", member, {"role": "admin"}) == 204
    assert (await roles(acme))[acme.member.account.id] == "admin"
    assert await acme.admin.status("PUT", member, {"role": "owner"}) == 403
    assert await acme.admin.status("PUT", owner, {"role": "member"}) == 403
    assert await acme.admin.status("DELETE", owner) == 403
    invitation = {"email": "new@example.com", "role": "owner"}
    assert await acme.admin.status("POST", f"{acme.path}/invitations", invitation) == 403
    assert await acme.owner.status("PUT", member, {"role": "owner"}) == 204


async def test_the_last_owner_neither_leaves_nor_steps_down(acme: Tenant) -> None:
    path = f"{acme.path}/members/{acme.owner.account.id}"
    assert await acme.owner.status("DELETE", path) == 409
    assert await acme.owner.status("PUT", path, {"role": "admin"}) == 409
    assert (await roles(acme))[acme.owner.account.id] == "owner"
    admin = f"{acme.path}/members/{acme.admin.account.id}"
    assert await acme.owner.status("PUT", admin, {"role": "owner"}) == 204
    assert await acme.owner.status("DELETE", path) == 204
    assert acme.owner.account.id not in await roles(acme, acme.admin)


async def test_staff_makes_an_owner_where_none_is_left(
    world: World, acme: Tenant, capsys: pytest.CaptureFixture[str]
) -> None:
    async def command(*arguments: str) -> int:
        return await asyncio.to_thread(main, ["organisations", *arguments])

    organisation = acme.organisation.id
    async with world.app.state.database.session() as session:
        place = (organisation, acme.owner.account.id)
        await session.delete(await session.get_one(organisation_store.Membership, place))
    await command("list")
    assert f"{organisation}\t0 owners\t" in capsys.readouterr().out
    stranger = await world.person()
    for person in (acme.member, stranger):
        assert await command("owner", organisation, person.account.email.upper()) == 0
        assert (await roles(acme, acme.admin))[person.account.id] == "owner"
    assert await command("owner", "og_none", stranger.account.email) == 1
    assert await command("owner", organisation, "nobody@example.com") == 1
    said = capsys.readouterr().err
    assert "there is no organisation og_none" in said
    assert "nobody@example.com has no account" in said


async def test_of_two_owners_who_leave_at_once_one_stays(world: World, acme: Tenant) -> None:
    second = await world.member(acme.organisation, MemberRole.OWNER)
    left = await asyncio.gather(
        *(
            each.status("DELETE", f"{acme.path}/members/{each.account.id}")
            for each in (acme.owner, second)
        )
    )
    assert sorted(left) == [204, 409]


async def test_a_member_who_is_removed_loses_access(world: World, acme: Tenant) -> None:
    path = f"{acme.path}/members/{acme.member.account.id}"
    assert await acme.admin.status("DELETE", path) == 204
    assert await world.refreshed(acme.member) == 401
    assert await acme.member.status("GET", acme.path) in {401, 404}
    choice = {"organisation": acme.organisation.id}
    answer = await acme.member.status("PUT", "/v1/account/organisation", choice)
    assert answer in {401, 404}
    assert await acme.admin.status("DELETE", path) == 404


async def test_a_session_for_an_organisation_ends_with_the_membership(
    world: World, acme: Tenant
) -> None:
    """However that ended."""
    async with world.app.state.database.session() as session:
        place = (acme.organisation.id, acme.member.account.id)
        await session.delete(await session.get_one(organisation_store.Membership, place))
    assert await world.refreshed(acme.member) == 401


async def test_everybody_may_leave(world: World, acme: Tenant) -> None:
    path = f"{acme.path}/members/{acme.member.account.id}"
    assert await acme.member.status("DELETE", path) == 204
    assert acme.member.account.id not in await roles(acme)
    assert await world.refreshed(acme.admin) == 200


async def test_who_is_invited_joins_once(world: World, acme: Tenant, mailbox: Mailbox) -> None:
    person = await world.person()
    token = await invited(acme, mailbox, person, "admin")
    assert token not in (await acme.owner.call("GET", f"{acme.path}/invitations")).text
    accept = ("POST", "/v1/invitations/accept", {"token": token})
    answer = await person.call(*accept)
    assert answer.status_code == 200
    assert (answer.json()["id"], answer.json()["role"]) == (acme.organisation.id, "admin")
    assert (await roles(acme))[person.account.id] == "admin"
    assert await person.status(*accept) == 422
    assert (await acme.owner.get(f"{acme.path}/invitations"))["data"] == []


async def test_an_invitation_is_for_the_address_that_it_went_to(
    world: World, acme: Tenant, other: Tenant, mailbox: Mailbox
) -> None:
    person = await world.person()
    body = {"token": await invited(acme, mailbox, person)}
    for client in (other.owner, await world.person()):
        assert await client.status("POST", "/v1/invitations/accept", body) == 422
        assert client.account.id not in await roles(acme)
    assert await person.status("POST", "/v1/invitations/accept", body) == 200


async def test_an_invitation_can_be_withdrawn_replaced_and_grows_old(
    world: World, acme: Tenant, mailbox: Mailbox
) -> None:
    person = await world.person()
    accept = "/v1/invitations/accept"
    withdrawn = await invited(acme, mailbox, person)
    (listed,) = (await acme.admin.get(f"{acme.path}/invitations"))["data"]
    path = f"{acme.path}/invitations/{listed['id']}"
    assert await acme.admin.status("DELETE", path) == 204
    assert await acme.admin.status("DELETE", path) == 404
    replaced, old = [await invited(acme, mailbox, person) for _ in range(2)]
    assert len((await acme.admin.get(f"{acme.path}/invitations"))["data"]) == 1
    async with world.app.state.database.session() as session:
        gone = utcnow() - timedelta(seconds=1)
        await session.execute(update(Invitation).values(expires_at=gone))
    for token in (withdrawn, replaced, old, "made up"):
        assert await person.status("POST", accept, {"token": token}) == 422
    assert (await acme.admin.get(f"{acme.path}/invitations"))["data"] == []


async def test_an_invitation_of_another_tenant_is_not_withdrawn(
    world: World, acme: Tenant, other: Tenant, mailbox: Mailbox
) -> None:
    await invited(acme, mailbox, await world.person())
    (listed,) = (await acme.admin.get(f"{acme.path}/invitations"))["data"]
    assert await other.owner.status("DELETE", f"{other.path}/invitations/{listed['id']}") == 404
    (key,) = (await acme.admin.get(f"{acme.path}/keys"))["data"]
    assert await other.owner.status("DELETE", f"{other.path}/keys/{key['id']}") == 404
    assert await acme.machine.status("GET", "/v1/models") == 200


async def test_who_belongs_already_stays_in_the_role(
    world: World, acme: Tenant, mailbox: Mailbox
) -> None:
    token = await invited(acme, mailbox, acme.admin)
    answer = await acme.admin.call("POST", "/v1/invitations/accept", {"token": token})
    assert answer.json()["role"] == "admin"


async def test_a_key_is_shown_once_and_useless_when_it_is_revoked(acme: Tenant) -> None:
    body = {"name": "till", "scopes": sorted(SCOPES - STAFF)[:1], "days": 1}
    issued = (await acme.admin.call("POST", f"{acme.path}/keys", body)).json()
    answer = await acme.admin.call("GET", f"{acme.path}/keys")
    assert issued["key"] not in answer.text
    (listed,) = [each for each in answer.json()["data"] if each["id"] == issued["id"]]
    assert (listed["name"], listed["scopes"]) == ("till", body["scopes"])
    assert listed["expires_at"] is not None
    till = acme.machine
    till.credentials = issued["key"]
    assert await till.status("GET", "/v1/models") == 200
    path = f"{acme.path}/keys/{issued['id']}"
    assert await acme.admin.status("DELETE", path) == 204
    assert await till.status("GET", "/v1/models") == 401
    assert await acme.admin.status("DELETE", path) == 404


@pytest.mark.parametrize("scopes", [[], ["admin"], ["made-up"]])
async def test_a_key_opens_no_more_than_people_may(acme: Tenant, scopes: list[str]) -> None:
    body = {"name": "till", "scopes": scopes}
    assert await acme.owner.status("POST", f"{acme.path}/keys", body) == 422


async def test_a_key_whose_organisation_is_not_known_opens_nothing(
    world: World, keys: ApiKeys
) -> None:
    await keys.put("ok_000000000000", "ok_000000000000_lost", "lost", SCOPES)
    assert await world.client("ok_000000000000_lost").status("GET", "/v1/models") == 401


async def test_an_organisation_that_ended_lets_nobody_in(world: World, acme: Tenant) -> None:
    assert await acme.machine.status("GET", "/v1/models") == 200
    assert await acme.owner.status("DELETE", acme.path) == 204
    assert await acme.machine.status("GET", "/v1/models") == 401
    assert await world.refreshed(acme.member) == 401
    assert await acme.owner.status("GET", acme.path) in {401, 404}


async def test_there_is_an_end_to_how_many_there_are(
    acme: Tenant, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(organisation_store, "MOST", 1)
    monkeypatch.setattr("app.organisations.MOST", 1)
    key = {"name": "till", "scopes": sorted(SCOPES - STAFF)[:1]}
    assert await acme.owner.status("POST", "/v1/organisations", {"name": "Second"}) == 409
    assert await acme.owner.status("POST", f"{acme.path}/keys", key) == 409
    invitations = f"{acme.path}/invitations"
    for name, status in (("one", 201), ("one", 201), ("two", 409)):
        body = {"email": f"{name}@example.com"}
        assert await acme.owner.status("POST", invitations, body) == status


async def test_whose_a_key_is_is_looked_up_once(
    app: FastAPI, world: World, acme: Tenant, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("app.organisations.REMEMBERED", 1)
    asked = []
    look_up = world.desk.organisations.of_key

    async def counted(key_id: str) -> object:
        asked.append(key_id)
        return await look_up(key_id)

    monkeypatch.setattr(world.desk.organisations, "of_key", counted)
    second = await world.machine(acme.owner, acme.organisation)
    for client in (acme.machine, acme.machine, second, second, acme.machine):
        assert await client.status("GET", "/v1/models") == 200
    assert len(asked) == 3
