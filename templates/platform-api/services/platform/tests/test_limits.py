import re

import pytest
from wsgi_edge import Platform

from apps.ai import keys
from apps.api import limits
from apps.api.auth import SCOPES
from apps.api.root import api
from intelligence.api.rate_limits import RateLimits


@pytest.mark.django_db
def test_every_route_that_asks_for_a_key_counts_and_documents_what_it_refuses(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(limits, "limits", RateLimits(1, lambda: 0.0))
    platform = Platform()
    headers = {
        "Authorization": f"Bearer {keys.issue('all', SCOPES)}",
        "Content-Type": "application/json",
    }
    paths = api.get_openapi_schema()["paths"]
    routes = [
        (method, path, operation)
        for path, operations in paths.items()
        for method, operation in operations.items()
    ]
    assert platform.call("GET", "/v1/models", headers=headers).status != 429
    for method, path, operation in routes:
        assert operation["security"], path
        answer = platform.call(method.upper(), re.sub(r"{\w+}", "a", path), b"{}", headers)
        answer.is_problem(429, "Too Many Requests")
        assert answer.headers["Retry-After"] == "60"
        own_scope = set() if path.startswith(("/v1/models", "/v1/usage")) else {403}
        assert {401, 429} | own_scope <= operation["responses"].keys(), path
