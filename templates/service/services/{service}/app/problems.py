"""Every error leaves as `application/problem+json` (RFC 9457), whoever raised it."""

from collections.abc import Mapping
from http import HTTPStatus

from fastapi import FastAPI, Request, Response
from fastapi.exceptions import RequestValidationError
from starlette.exceptions import HTTPException

from intelligence.api.problems import MEDIA_TYPE, Problem, Violation


def problem(
    status: int,
    detail: str | None = None,
    *,
    errors: list[Violation] | None = None,
    headers: Mapping[str, str] | None = None,
) -> Response:
    content = Problem.of(status, detail, errors).content()
    return Response(content, status, headers, MEDIA_TYPE)


def invalid(errors: list[Violation]) -> Response:
    """422: the request was understood, and these are wrong in it."""
    return problem(422, "the request does not validate", errors=errors)


def install(app: FastAPI) -> None:
    """Unhandled exceptions are left to `app.middleware`, which logs them and answers 500."""

    @app.exception_handler(HTTPException)
    async def http_exception(_: Request, error: HTTPException) -> Response:
        detail = None if error.detail == HTTPStatus(error.status_code).phrase else error.detail
        return problem(error.status_code, detail, headers=error.headers)

    @app.exception_handler(RequestValidationError)
    async def invalid_request(_: Request, error: RequestValidationError) -> Response:
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
