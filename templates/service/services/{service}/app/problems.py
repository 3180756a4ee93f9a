"""Every error leaves as `application/problem+json` (RFC 9457), whoever raised it."""

from collections.abc import Mapping
from http import HTTPStatus
from typing import Any

from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse
from pydantic import BaseModel, Field
from starlette.exceptions import HTTPException

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
) -> JSONResponse:
    """The response for an HTTP status, titled with its standard phrase."""
    body = Problem(title=phrase(status), status=status, detail=detail, errors=errors)
    return JSONResponse(body.model_dump(exclude_none=True), status, headers, MEDIA_TYPE)


def invalid(errors: list[Violation]) -> JSONResponse:
    """422: the request was understood, and these are wrong in it."""
    return problem(422, "the request does not validate", errors=errors)


def responses(*statuses: int) -> dict[int | str, dict[str, Any]]:
    """Documents these statuses on a route or router as problems; `app.openapi` adds the schema."""
    content = {MEDIA_TYPE: {"schema": {"$ref": "#/components/schemas/Problem"}}}
    return {status: {"description": phrase(status), "content": content} for status in statuses}


def install(app: FastAPI) -> None:
    """Unhandled exceptions are left to `app.middleware`, which logs them and answers 500."""

    @app.exception_handler(HTTPException)
    async def http_exception(_: Request, error: HTTPException) -> JSONResponse:
        detail = None if error.detail == HTTPStatus(error.status_code).phrase else error.detail
        return problem(error.status_code, detail, headers=error.headers)

    @app.exception_handler(RequestValidationError)
    async def invalid_request(_: Request, error: RequestValidationError) -> JSONResponse:
        """400 when the body is no JSON, else 422. Input is not repeated: it may hold a secret."""
        if isinstance(error.body, bytes):
            return problem(400, "a body is read with Content-Type: application/json alone")
        if any(each["type"] == "json_invalid" for each in error.errors()):
            return problem(400, "the body is not valid JSON")
        violations = [
            # The prefix is pydantic's, the rest is what a validator of ours says.
            Violation(location=list(each["loc"]), message=each["msg"].removeprefix("Value error, "))
            for each in error.errors()
        ]
        return invalid(violations)
