"""Every URL is closed to a stranger, unless its module names it in `PUBLIC`."""

import re
from collections.abc import Iterator
from importlib import import_module

import pytest
from django.test import Client
from django.urls import URLPattern, URLResolver, get_resolver
from django.urls.resolvers import RegexPattern

from config.features import URLS


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
        # Of a group the first alternative, or a letter where it takes a set of characters.
        route = re.sub(r"\(\?P<\w+>(\w*)[^)]*\)", lambda group: group[1] or "a", route)
        route = route.removeprefix("^").removesuffix("$").removesuffix(r"\Z")
        assert re.fullmatch(r"[\w/.-]*", route), f"no example is known for {pattern}"
    return re.sub(r"<[^>]+>", "1", route)


def closed(status: int, location: str) -> bool:
    return status in (401, 403) or (status == 302 and "login" in location)


@pytest.mark.django_db
def test_what_is_not_public_is_closed() -> None:
    client = Client()  # which sends no CSRF token and needs none
    found = set(leaves(get_resolver()))
    public = set().union(*(getattr(import_module(each), "PUBLIC", ()) for each in URLS))
    assert public <= {name for name, _ in found}
    for name, address in found:
        if name in public:
            continue
        answers = [client.get(address), client.post(address)]
        refusals = [each for each in answers if each.status_code != 405]
        assert refusals, name
        for each in refusals:
            assert closed(each.status_code, each.headers.get("Location", "")), (name, each)
