"""Who may call which route: every route of the contract, by everybody there is."""

import re
import tomllib
from collections.abc import Mapping
from pathlib import Path

import pytest
from fastapi import FastAPI

from app.keys import SCOPES, ApiKeys
from app.tenants import MAY, Act, MemberRole
from intelligence.api.rate_limits import RateLimits

from .world import Client, Tenant, World

# A route, and whom it lets in: `open` to all, `anyone` who says who it is, a `person`; a `member`,
# `admin` or `owner` of the organisation in its path; or who has the scope of that name.
ACCESS: dict[str, str] = {}
for file in sorted(Path(__file__).with_name("access").glob("*.toml")):
    ACCESS |= tomllib.loads(file.read_text(encoding="utf-8"))

BY_SCOPE = {
    route for route, access in ACCESS.items() if access not in {"open", "person", *MemberRole}
}

IN = 200  # whatever the answer is, it is no refusal of who asks
DELETING = {role for role in MemberRole if Act.DELETE in MAY[role]}


def expected(route: str, access: str) -> Mapping[str, int]:
    """By caller; `of another` is an owner of another organisation, `its key` one of that."""
    people = dict.fromkeys(("member", "admin", "owner", "of another"), IN)
    keys = dict.fromkeys(("a key without scope", "its key"), IN)
    everybody = {"nobody": 401} | keys | people
    match access:
        case "open":
            return everybody | {"nobody": IN}
        case "anyone":
            return everybody
        case "person":
            return everybody | dict.fromkeys(keys, 403)
        case "member" | "admin" | "owner":
            roles = [*MemberRole]
            below = roles[: roles.index(MemberRole(access))]
            return (
                everybody
                | dict.fromkeys(keys, 403)
                | dict.fromkeys(below, 403)
                | {"of another": 404}
            )
        case scope:
            assert scope in SCOPES
            deletes = route.startswith("DELETE ")
            refused = {*MemberRole} - DELETING if deletes else set()
            return everybody | {"a key without scope": 403} | dict.fromkeys(refused, 403)


async def test_every_route_says_whom_it_lets_in(app: FastAPI) -> None:
    """In tests/tenants/access; and there is no row of a route that is gone."""
    routes = {
        f"{method.upper()} {path}"
        for path, methods in app.openapi()["paths"].items()
        for method in methods
    }
    assert routes == ACCESS.keys()


@pytest.fixture
async def callers(world: World, acme: Tenant, other: Tenant, keys: ApiKeys) -> Mapping[str, Client]:
    """By name, of whom the last may do the most."""
    return {
        "nobody": world.client(None),
        "a key without scope": world.client(await keys.issue("stranger", ["none"])),
        "of another": other.owner,
        "its key": other.machine,
        "member": acme.member,
        "admin": acme.admin,
        "owner": acme.owner,
    }


async def tried(route: str, callers: Mapping[str, Client], acme: Tenant) -> Mapping[str, int]:
    method, _, path = route.partition(" ")
    path = path.replace("{organisation_id}", acme.organisation.id)
    path = re.sub(r"{\w+}", "unknown", path)
    found = {}
    for name, client in callers.items():
        answer = await client.call(method, path)
        refused = answer.status_code in {401, 403} or "no such organisation" in answer.text
        found[name] = answer.status_code if refused else IN
    return found


@pytest.mark.parametrize("route", sorted(set(ACCESS) - BY_SCOPE))
async def test_it_lets_in_whom_it_says_and_nobody_else(
    route: str, callers: Mapping[str, Client], acme: Tenant
) -> None:
    assert await tried(route, callers, acme) == expected(route, ACCESS[route])


async def test_scopes_let_in_whom_they_say_and_nobody_else(
    callers: Mapping[str, Client], world: World, acme: Tenant
) -> None:
    """Who is let in has sent too much, so that nothing is asked and no stream is opened."""
    world.app.state.rate_limits = RateLimits(1)
    for client in callers.values():
        await client.call("GET", "/v1/models")
    found = {route: await tried(route, callers, acme) for route in BY_SCOPE}
    assert found == {route: expected(route, ACCESS[route]) for route in BY_SCOPE}
