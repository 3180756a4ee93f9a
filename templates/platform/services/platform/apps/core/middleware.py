"""Around each request: an id and a log line."""

import logging
import re
from collections.abc import Awaitable, Callable
from time import perf_counter
from typing import Any
from uuid import uuid4

from asgiref.sync import iscoroutinefunction, markcoroutinefunction
from django.http import HttpRequest
from django.http.response import HttpResponseBase

from apps.core.logs import request_id

logger = logging.getLogger("apps.access")

ACCEPTABLE_ID = re.compile(r"[A-Za-z0-9._-]{1,64}")


class RequestContextMiddleware:
    """Keeps a caller's `X-Request-ID` if it is short and plain, else makes one up."""

    sync_capable = True
    async_capable = True

    def __init__(self, get_response: Callable[[HttpRequest], Any]) -> None:
        self.get_response = get_response
        self.is_async = iscoroutinefunction(get_response)
        if self.is_async:
            markcoroutinefunction(self)

    def __call__(self, request: HttpRequest) -> HttpResponseBase | Awaitable[HttpResponseBase]:
        if self.is_async:
            return self.awaited(request)
        started = perf_counter()
        token = request_id.set(id_of(request))
        try:
            return told(request, self.get_response(request), started)
        finally:
            request_id.reset(token)

    async def awaited(self, request: HttpRequest) -> HttpResponseBase:
        started = perf_counter()
        # Nothing takes it back: the task is this request's own, and may stream on after this.
        request_id.set(id_of(request))
        return told(request, await self.get_response(request), started)


def id_of(request: HttpRequest) -> str:
    given = request.headers.get("X-Request-ID", "")
    return given if ACCEPTABLE_ID.fullmatch(given) else uuid4().hex


def told(request: HttpRequest, response: HttpResponseBase, started: float) -> HttpResponseBase:
    """The response with the id, once it is logged. Of a stream this is its beginning.

    Args:
        started: on `perf_counter`'s clock.
    """
    response["X-Request-ID"] = str(request_id.get())
    details = {
        "method": request.method,
        "path": request.path,
        "status": response.status_code,
        "duration_ms": round((perf_counter() - started) * 1000, 1),
        "key_id": getattr(request, "key_id", None),
    }
    logger.info("%(method)s %(path)s %(status)s", details, extra=details)
    return response
