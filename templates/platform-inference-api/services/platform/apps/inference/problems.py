"""Every error of the API leaves as `application/problem+json` (RFC 9457), whoever raised it."""

from collections.abc import Callable, Mapping
from http import HTTPStatus
from typing import Any

from django.http import HttpRequest, HttpResponse
from django.http.response import HttpResponseBase
from pydantic import BaseModel, Field

MEDIA_TYPE = "application/problem+json"


class Violation(BaseModel):
    """One thing that is wrong with the request."""

    location: list[str | int] = Field(description="`body`, `query`, `path` or `header`, then keys.")
    message: str


class Problem(BaseModel):
    """Problem details, RFC 9457. `errors` is an extension, for requests that do not validate."""

    type: str = "about:blank"
    title: str
    status: int
    detail: str | None = None
    errors: list[Violation] | None = None


# As RFC 9110 names them; Python 3.12 still has the older phrases.
PHRASES = {413: "Content Too Large", 422: "Unprocessable Content"}


def phrase(status: int) -> str:
    return PHRASES.get(status) or HTTPStatus(status).phrase


def problem(
    status: int,
    detail: str | None = None,
    *,
    errors: list[Violation] | None = None,
    headers: Mapping[str, str] | None = None,
) -> HttpResponse:
    """The response for an HTTP status, titled with its standard phrase."""
    body = Problem(title=phrase(status), status=status, detail=detail, errors=errors)
    content = body.model_dump_json(exclude_none=True)
    return HttpResponse(content, status=status, content_type=MEDIA_TYPE, headers=headers)


def invalid(errors: list[Violation]) -> HttpResponse:
    """422: the request was understood, and these are wrong in it."""
    return problem(422, "the request does not validate", errors=errors)


def responses(*statuses: int) -> dict[str, Any]:
    """Documents these statuses on an operation; `openapi.add_problem` adds the schema."""
    content = {MEDIA_TYPE: {"schema": {"$ref": "#/components/schemas/Problem"}}}
    return {
        "responses": {
            status: {"description": phrase(status), "content": content} for status in statuses
        }
    }


class ProblemMiddleware:
    """What Django itself answers below /v1/, such as 404, 405 and 500, in the API's form."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponseBase]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        response = self.get_response(request)
        if (
            response.status_code < 400
            or not request.path.startswith("/v1/")
            or response["Content-Type"] == MEDIA_TYPE
        ):
            return response
        kept = {name: response[name] for name in ("Allow",) if name in response}
        return problem(response.status_code, headers=kept)
