"""Figures for Prometheus on `METRICS_PORT`; without it no request is measured.

That port asks for no key and knows neither hosts nor TLS, so it is for inside alone.
"""

import atexit
from collections.abc import Callable
from contextlib import ExitStack
from time import perf_counter

from django.conf import settings
from django.core.exceptions import MiddlewareNotUsed
from django.http import HttpRequest
from django.http.response import HttpResponseBase

from apps.api import engine as process
from intelligence.api.metrics import Metrics

metrics = Metrics(lambda: process.engine)


class MetricsMiddleware:
    """Counts what comes through to a view, or would if there were one."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponseBase]) -> None:
        if not settings.METRICS_PORT:
            raise MiddlewareNotUsed
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        started = perf_counter()
        response = self.get_response(request)
        match = request.resolver_match
        route = f"/{match.route}" if match else ""
        seconds = perf_counter() - started
        metrics.answered(request.method or "", route, response.status_code, seconds)
        return response


def start(**_signal: object) -> None:
    """Raises OSError."""
    if settings.METRICS_PORT:
        listening = ExitStack()
        listening.enter_context(metrics.served(settings.HOST, settings.METRICS_PORT))
        atexit.register(listening.close)
