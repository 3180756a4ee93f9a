"""Every error of the API leaves as `application/problem+json` (RFC 9457), whoever raised it."""

from collections.abc import Mapping

from django.http import HttpRequest, HttpResponse
from django.http.response import HttpResponseBase
from django.utils.deprecation import MiddlewareMixin

from intelligence.api.problems import MEDIA_TYPE, Problem, Violation


def problem(
    status: int,
    detail: str | None = None,
    *,
    errors: list[Violation] | None = None,
    headers: Mapping[str, str] | None = None,
) -> HttpResponse:
    content = Problem.of(status, detail, errors).content()
    return HttpResponse(content, status=status, content_type=MEDIA_TYPE, headers=headers)


def invalid(errors: list[Violation]) -> HttpResponse:
    """422: the request was understood, and these are wrong in it."""
    return problem(422, "the request does not validate", errors=errors)


class ProblemMiddleware(MiddlewareMixin):
    """What Django itself answers below /v1/, such as 404, 405 and 500, in the API's form."""

    def process_response(
        self, request: HttpRequest, response: HttpResponseBase
    ) -> HttpResponseBase:
        if (
            response.status_code < 400
            or not request.path.startswith("/v1/")
            or response["Content-Type"] == MEDIA_TYPE
        ):
            return response
        kept = {name: response[name] for name in ("Allow",) if name in response}
        return problem(response.status_code, headers=kept)
