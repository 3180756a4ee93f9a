"""Who may call the API."""

from django.http import HttpRequest
from ninja.security.http import HttpAuthBase

from apps.ai import keys
from apps.ai.keys import Caller
from apps.api import limits as process

# What keys can open: complete when the apps' routes are made.
SCOPES: set[str] = set()


def new_scope(name: str) -> str:
    """For an app that is being imported."""
    SCOPES.add(name)
    return name


class CallerRequest(HttpRequest):
    """A request that `ApiKey` has let in."""

    auth: Caller


class Refusal(Exception):  # noqa: N818 - what happened, as in `intelligence.errors`
    """401 or 403, with the challenge of RFC 6750 §3."""

    def __init__(self, status: int, detail: str, error: str | None = None) -> None:
        super().__init__(detail)
        self.status = status
        self.challenge = f'Bearer error="{error}"' if error else "Bearer"


class ApiKey(HttpAuthBase):
    """Raises Refusal: 401 without a usable key, 403 if it lacks `scope`; and RateLimited.

    Args:
        scope: None: any usable key will do.
    """

    openapi_scheme = "bearer"
    openapi_description = "`Authorization: Bearer <API key>`"

    def __init__(self, scope: str | None = None) -> None:
        super().__init__()
        self.scope = scope

    def __call__(self, request: HttpRequest) -> Caller:
        scheme, _, key = request.headers.get("Authorization", "").partition(" ")
        if scheme.lower() != self.openapi_scheme or not key:
            raise Refusal(401, "this needs an API key")
        caller = identified(key, self.scope)
        request.key_id = caller.key_id  # type: ignore[attr-defined] # for the access log
        process.limits.take(caller.key_id)
        if self.scope is not None:
            for admit in process.DOORS:
                admit(caller.key_id)
        return caller


def identified(key: str, scope: str | None) -> Caller:
    """Whose key this is, if it opens `scope`. Raises Refusal."""
    caller = keys.find(key)
    if caller is None:
        raise Refusal(401, "the API key is unknown, revoked or expired", "invalid_token")
    if scope is not None and scope not in caller.scopes:
        raise Refusal(403, f"the API key lacks the scope {scope}", "insufficient_scope")
    return caller
