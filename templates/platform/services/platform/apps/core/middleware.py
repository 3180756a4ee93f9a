"""Around each request: an id and a log line."""

import logging
import re
from collections.abc import Callable
from time import perf_counter
from uuid import uuid4

from django.http import HttpRequest
from django.http.response import HttpResponseBase

from apps.core.logs import request_id

logger = logging.getLogger("apps.access")

ACCEPTABLE_ID = re.compile(r"[A-Za-z0-9._-]{1,64}")


class RequestContextMiddleware:
    """Keeps a caller's `X-Request-ID` if it is short and plain, else makes one up."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponseBase]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        started = perf_counter()
        given = request.headers.get("X-Request-ID", "")
        this_id = given if ACCEPTABLE_ID.fullmatch(given) else uuid4().hex
        token = request_id.set(this_id)
        try:
            response = self.get_response(request)
            response["X-Request-ID"] = this_id
            details = {
                "method": request.method,
                "path": request.path,
                "status": response.status_code,
                "duration_ms": round((perf_counter() - started) * 1000, 1),
                "key_id": getattr(request, "key_id", None),
            }
            logger.info("%(method)s %(path)s %(status)s", details, extra=details)
            return response
        finally:
            request_id.reset(token)
