"""Every URL is closed to a stranger, unless it is named here."""

import re
from collections.abc import Iterator

import pytest
from django.test import Client
from django.urls import URLPattern, URLResolver, get_resolver
from django.urls.resolvers import RegexPattern

PUBLIC = {"api:openapi-json", "api:openapi-view"}


def leaves(
    resolver: URLResolver, route: str = "/", namespace: str = ""
) -> Iterator[tuple[str, str]]:
    """The full name and an address of each URL."""
    for each in resolver.url_patterns:
        here = route + example(each)
        if isinstance(each, URLResolver):
            inner = f"{namespace}{each.namespace}:" if each.namespace else namespace
            yield from leaves(each, here, inner)
        else:
            yield f"{namespace}{each.name}", here


def example(pattern: URLPattern | URLResolver) -> str:
    """A route with something in place of each parameter."""
    route = str(pattern.pattern)
    if isinstance(pattern.pattern, RegexPattern):
        route = re.sub(r"\(\?P<\w+>([\w-]+)[^)]*\)", r"\1", route).strip("^$").removesuffix(r"\Z")
        assert re.fullmatch(r"[\w/.-]*", route), f"no example is known for {pattern}"
    return re.sub(r"<[^>]+>", "1", route)


def closed(status: int, location: str) -> bool:
    return status in (401, 403) or (status == 302 and "login" in location)


@pytest.mark.django_db
def test_what_is_not_public_is_closed() -> None:
    client = Client(enforce_csrf_checks=True)
    found = dict(leaves(get_resolver()))
    assert found.keys() >= PUBLIC
    guarded = {name: address for name, address in found.items() if name not in PUBLIC}
    assert {"api:create_embeddings", "api:classify_texts", "api:find_similar"} <= guarded.keys()
    for name, address in guarded.items():
        answers = [client.get(address), client.post(address, {}, "application/json")]
        refusals = [each for each in answers if each.status_code != 405]
        assert refusals, name
        for each in refusals:
            assert closed(each.status_code, each.headers.get("Location", "")), (name, each)
