"""Figures for Prometheus on `METRICS_PORT`; without it nothing is measured.

That port asks for no key, so it is for inside alone. It belongs to one process.
"""

from contextlib import nullcontext
from functools import partial
from time import perf_counter

from fastapi import FastAPI
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from app.settings import Settings
from intelligence.api.metrics import CountedUsage, Metrics


class RequestMetrics:
    def __init__(self, app: ASGIApp, *, metrics: Metrics) -> None:
        self.app = app
        self.metrics = metrics

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return

        started, status = perf_counter(), 500

        async def respond(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
            await send(message)

        try:
            await self.app(scope, receive, respond)
        finally:
            seconds = perf_counter() - started
            self.metrics.answered(scope["method"], route(scope), status, seconds)


def route(scope: Scope) -> str:
    """As it stands in the code, below what it is mounted on; empty if none was found."""
    root: str = scope.get("root_path", "")
    mount = root.removeprefix(scope.get("app_root_path", root))
    return mount + getattr(scope.get("route"), "path", "")


def install(app: FastAPI, settings: Settings) -> None:
    """The lifespan enters `metrics_server`."""
    app.state.metrics = metrics = Metrics(lambda: app.state.engine)
    app.state.metrics_server = nullcontext
    if settings.metrics_port is None:
        return
    app.state.usage_watchers.append(partial(CountedUsage, metrics=metrics))
    app.state.metrics_server = partial(metrics.served, settings.host, settings.metrics_port)
    app.add_middleware(RequestMetrics, metrics=metrics)
