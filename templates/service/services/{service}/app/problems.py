"""Every error leaves as `application/problem+json` (RFC 9457), whoever raised it."""

from collections.abc import Mapping, Sequence
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

    location: list[str | int] = Field(description="Where: `body`, `query`, `path` or `header`, then the way in.")
    message: str


class Problem(BaseModel):
    """Problem details as of RFC 9457. `errors` is an extension, for requests that do not validate."""

    type: str = "about:blank"
    title: str
    status: int
    detail: str | None = None
    errors: list[Violation] | None = None


def problem(
    status: int,
    detail: str | None = None,
    *,
    errors: Sequence[Violation] | None = None,
    headers: Mapping[str, str] | None = None,
) -> JSONResponse:
    """The response for an HTTP status, titled with its standard phrase."""
    body = Problem(
        title=HTTPStatus(status).phrase, status=status, detail=detail, errors=None if errors is None else list(errors)
    )
    return JSONResponse(body.model_dump(exclude_none=True), status, headers, MEDIA_TYPE)


def responses(*statuses: int) -> dict[int | str, dict[str, Any]]:
    """Documents these statuses on a route or router as problems; the schema is added by `app.openapi`."""
    content = {MEDIA_TYPE: {"schema": {"$ref": "#/components/schemas/Problem"}}}
    return {status: {"description": HTTPStatus(status).phrase, "content": content} for status in statuses}


def install(app: FastAPI) -> None:
    """Unhandled exceptions are turned into a problem by `app.middleware`, which also logs them."""
    app.add_exception_handler(HTTPException, _http_exception)
    app.add_exception_handler(RequestValidationError, _invalid_request)


def _http_exception(_: Request, error: Exception) -> JSONResponse:
    assert isinstance(error, HTTPException)
    phrase = HTTPStatus(error.status_code).phrase
    detail = None if error.detail == phrase else error.detail
    return problem(error.status_code, detail, headers=error.headers)


def _invalid_request(_: Request, error: Exception) -> JSONResponse:
    """400 when the body is no JSON, else 422. The input is not repeated: it may hold a secret or be large."""
    assert isinstance(error, RequestValidationError)
    if any(each["type"] == "json_invalid" for each in error.errors()):
        return problem(HTTPStatus.BAD_REQUEST, "the body is not valid JSON")
    violations = [Violation(location=list(each["loc"]), message=each["msg"]) for each in error.errors()]
    return problem(HTTPStatus.UNPROCESSABLE_CONTENT, "the request does not validate", errors=violations)
