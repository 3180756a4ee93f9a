"""Every error leaves as `application/problem+json` (RFC 9457), whoever raised it."""

from collections.abc import Mapping
from http import HTTPStatus

from fastapi import FastAPI, Request, Response
from fastapi.exceptions import RequestValidationError
from fastapi.routing import iter_route_contexts
from starlette.exceptions import HTTPException
from starlette.routing import compile_path

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


def allowed(request: Request) -> str:
    """Every method that the path takes (RFC 9110 §15.5.6); Starlette names its first route's."""
    path: str = request.scope["path"]
    methods = {
        method
        for route in iter_route_contexts(request.app.routes)
        if route.path is not None and compile_path(route.path)[0].match(path)
        for method in route.methods or ()
    }
    return ", ".join(sorted(methods))


def install(app: FastAPI) -> None:
    """Unhandled exceptions are left to `app.middleware`, which logs them and answers 500."""

    @app.exception_handler(HTTPException)
    async def http_exception(request: Request, error: HTTPException) -> Response:
        detail = None if error.detail == HTTPStatus(error.status_code).phrase else error.detail
        headers = dict(error.headers or {})
        if error.status_code == HTTPStatus.METHOD_NOT_ALLOWED and (methods := allowed(request)):
            headers["Allow"] = methods
        return problem(error.status_code, detail, headers=headers)

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
