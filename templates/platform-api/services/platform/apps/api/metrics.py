"""Figures for Prometheus on `METRICS_PORT`; without it no request is measured.

That port asks for no key and knows neither hosts nor TLS, so it is for inside alone.
"""

import atexit
from collections.abc import Awaitable, Callable
from contextlib import ExitStack
from time import perf_counter
from typing import Any

from asgiref.sync import iscoroutinefunction, markcoroutinefunction
from django.conf import settings
from django.core.exceptions import MiddlewareNotUsed
from django.http import HttpRequest
from django.http.response import HttpResponseBase

from apps.api import engine as process
from intelligence.api.metrics import Metrics

metrics = Metrics(lambda: process.engine)


class MetricsMiddleware:
    """Counts what comes through to a view, or would if there were one."""

    sync_capable = True
    async_capable = True

    def __init__(self, get_response: Callable[[HttpRequest], Any]) -> None:
        if not settings.METRICS_PORT:
            raise MiddlewareNotUsed
        self.get_response = get_response
        self.is_async = iscoroutinefunction(get_response)
        if self.is_async:
            markcoroutinefunction(self)

    def __call__(self, request: HttpRequest) -> HttpResponseBase | Awaitable[HttpResponseBase]:
        if self.is_async:
            return self.awaited(request)
        started = perf_counter()
        return counted(request, self.get_response(request), started)

    async def awaited(self, request: HttpRequest) -> HttpResponseBase:
        started = perf_counter()
        return counted(request, await self.get_response(request), started)


def counted(request: HttpRequest, response: HttpResponseBase, started: float) -> HttpResponseBase:
    """A stream is counted when it is closed, be it because its client has left.

    Args:
        started: on `perf_counter`'s clock.
    """

    def count() -> None:
        match = request.resolver_match
        route = f"/{match.route}" if match else ""
        seconds = perf_counter() - started
        metrics.answered(request.method or "", route, response.status_code, seconds)

    if not response.streaming:
        count()
        return response
    close = response.close

    def close_counted() -> None:
        count()
        close()

    response.close = close_counted  # type: ignore[method-assign] # the server calls it in any case
    return response


def start(**_signal: object) -> None:
    """Raises OSError."""
    if settings.METRICS_PORT:
        listening = ExitStack()
        listening.enter_context(metrics.served(settings.HOST, settings.METRICS_PORT))
        atexit.register(listening.close)
