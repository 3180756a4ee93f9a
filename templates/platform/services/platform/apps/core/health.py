"""Probes for whoever runs the process. They need no key and tell nothing but yes or no.

They are answered by a middleware, ahead of the checks of host and TLS: a probe comes from inside,
by an address and over plain HTTP.
"""

import logging
from collections.abc import Callable

from django.db import DatabaseError, connection
from django.http import HttpRequest, JsonResponse
from django.http.response import HttpResponseBase
from django.utils.deprecation import MiddlewareMixin

logger = logging.getLogger("apps.health")


def database() -> str | None:
    try:
        with connection.cursor() as cursor:
            cursor.execute("SELECT 1")
    except DatabaseError:
        return "the database does not answer"
    return None


# Each says what is missing, or None. An app adds its own when it is ready.
CHECKS: list[Callable[[], str | None]] = [database]


class HealthMiddleware(MiddlewareMixin):
    def process_request(self, request: HttpRequest) -> HttpResponseBase | None:
        match request.path:
            case "/livez":  # touches nothing: a slow database is no reason to restart the process
                return JsonResponse({"status": "ok"})
            case "/readyz":
                return readyz()
            case _:
                return None


def readyz() -> JsonResponse:
    missing = [problem for check in CHECKS if (problem := check())]
    if missing:
        logger.warning("not ready: %s", ", ".join(missing))
        body = {
            "type": "about:blank",
            "title": "Service Unavailable",
            "status": 503,
            "detail": missing[0],
        }
        return JsonResponse(body, status=503, content_type="application/problem+json")
    return JsonResponse({"status": "ok"})
