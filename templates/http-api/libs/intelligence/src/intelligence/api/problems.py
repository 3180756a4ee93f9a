"""Errors as problem details (RFC 9457): the body, and how it is documented."""

from http import HTTPStatus
from typing import Any, Self

from pydantic import BaseModel, Field

MEDIA_TYPE = "application/problem+json"

# As RFC 9110 names them; Python 3.12 still has the older phrases.
PHRASES = {413: "Content Too Large", 422: "Unprocessable Content"}


def phrase(status: int) -> str:
    return PHRASES.get(status) or HTTPStatus(status).phrase


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

    @classmethod
    def of(
        cls, status: int, detail: str | None = None, errors: list[Violation] | None = None
    ) -> Self:
        """The problem of an HTTP status, titled with its standard phrase."""
        return cls(title=phrase(status), status=status, detail=detail, errors=errors)

    def content(self) -> bytes:
        """The body of the answer: members that say nothing are left out."""
        return self.model_dump_json(exclude_none=True).encode()


def responses(*statuses: int) -> dict[int | str, dict[str, Any]]:
    """The Responses Object of OpenAPI for these statuses; `add_schemas` adds what it refers to."""
    content = {MEDIA_TYPE: {"schema": {"$ref": "#/components/schemas/Problem"}}}
    return {status: {"description": phrase(status), "content": content} for status in statuses}


def add_schemas(document: dict[str, Any]) -> None:
    """Adds to an OpenAPI document the schemas that `responses` refers to."""
    problem = Problem.model_json_schema(ref_template="#/components/schemas/{model}")
    schemas = document["components"]["schemas"]
    for name, schema in (problem.pop("$defs") | {"Problem": problem}).items():
        schemas.pop(name, None)  # of a body that holds one: they come last in every API
        schemas[name] = schema
