"""The API that apps add their routes to, and how it answers what it refuses."""

from typing import Any

from django.core.exceptions import RequestDataTooBig
from django.http import HttpRequest, HttpResponse
from ninja import NinjaAPI
from ninja.errors import HttpError, ValidationError
from ninja.openapi.schema import OpenAPISchema
from ninja.operation import Operation

from apps.api.auth import Refusal
from apps.api.problems import invalid, problem
from intelligence.api.asking import RETRY_AFTER, InvalidInput, UnknownModel
from intelligence.api.problems import Violation, add_schemas
from intelligence.api.rate_limits import RateLimited
from intelligence.errors import NotReady, Overloaded


class Api(NinjaAPI):
    def get_content_type(self) -> str:
        return "application/json"  # which has no charset, RFC 8259 §11

    def get_openapi_operation_id(self, operation: Operation) -> str:
        return operation.view_func.__name__

    def get_root_path(self, path_params: dict[str, Any]) -> str:  # noqa: ARG002
        return "/"

    def get_openapi_schema(self, **options: Any) -> OpenAPISchema:
        schema = super().get_openapi_schema(**options)
        for methods in schema["paths"].values():
            for operation in methods.values():
                for parameter in operation["parameters"]:
                    # A list, where OpenAPI has a mapping; the schema holds them as it should.
                    parameter.pop("examples", None)
        # By name: in the order of first use a file would depend on what else is installed.
        schema["components"]["schemas"] = dict(sorted(schema["components"]["schemas"].items()))
        add_schemas(schema)
        return schema


api = Api(
    title="Platform",
    version="1.0.0",
    docs_url="/docs",
    openapi_url="/openapi.json",
    urls_namespace="api",
)


@api.exception_handler(Refusal)
def refused(_: HttpRequest, error: Refusal) -> HttpResponse:
    return problem(error.status, str(error), headers={"WWW-Authenticate": error.challenge})


@api.exception_handler(RateLimited)
def limited(_: HttpRequest, error: RateLimited) -> HttpResponse:
    return problem(429, str(error), headers={"Retry-After": str(error.retry_after)})


@api.exception_handler(HttpError)
def unreadable(_: HttpRequest, error: HttpError) -> HttpResponse:
    """Ninja raises it for a body that is no JSON, and for nothing else here."""
    return problem(error.status_code, "the body is not valid JSON")


@api.exception_handler(RequestDataTooBig)
def too_big(_: HttpRequest, __: RequestDataTooBig) -> HttpResponse:
    return problem(413)


@api.exception_handler(ValidationError)
def invalid_request(_: HttpRequest, error: ValidationError) -> HttpResponse:
    """Input is not repeated: it may hold a secret."""
    violations = []
    for each in error.errors:
        source, parameter, *keys = each["loc"]
        place = keys if source == "body" else [parameter, *keys]
        violations.append(Violation(location=[source, *place], message=each["msg"]))
    return invalid(violations)


@api.exception_handler(InvalidInput)
def invalid_input(_: HttpRequest, error: InvalidInput) -> HttpResponse:
    return invalid([Violation(location=["body", *error.location], message=str(error))])


@api.exception_handler(UnknownModel)
def unknown_model(_: HttpRequest, error: UnknownModel) -> HttpResponse:
    return problem(404, str(error))


@api.exception_handler(NotReady)
@api.exception_handler(Overloaded)
def unavailable(_: HttpRequest, error: Exception) -> HttpResponse:
    return problem(503, str(error), headers={"Retry-After": str(RETRY_AFTER)})
