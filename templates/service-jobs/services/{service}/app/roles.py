"""What a process of this image does, by APP_ROLE: everything, or a part of it.

all: serves the API, works on jobs, runs the model; it needs nothing.
api: serves the API and has the `inference` process at INFERENCE_URL run the model.
inference: serves embeddings and classification to those processes.
worker: works on jobs and serves nothing but its probes.
"""

from collections.abc import Mapping
from typing import Literal, Self

from fastapi import FastAPI
from pydantic import RedisDsn, model_validator
from pydantic_settings import BaseSettings, SettingsConfigDict
from starlette.middleware import Middleware
from starlette.types import ASGIApp, Receive, Scope, Send
from starlette.websockets import WebSocketClose

from app.problems import problem
from app.settings import Settings
from app.stores import watched
from intelligence.api.rate_limits import RateLimits
from intelligence.usage import Usage

type Role = Literal["all", "api", "inference", "worker"]

PROBES = frozenset({"/livez", "/readyz"})
SERVED: Mapping[Role, frozenset[str]] = {
    "inference": PROBES | {"/v1/classify", "/v1/embeddings", "/v1/models"},
    "worker": PROBES,
}


class RoleSettings(BaseSettings):
    """INFERENCE_URL and INFERENCE_KEY are read by `intelligence.backend`.

    Attributes:
        redis_url: where workers hear of new jobs; without it they are worked on in this process.
    """

    model_config = SettingsConfigDict(env_ignore_empty=True, frozen=True, hide_input_in_errors=True)

    app_role: Role = "all"
    redis_url: RedisDsn | None = None

    @model_validator(mode="after")
    def workers_are_told(self) -> Self:
        if self.app_role in ("api", "worker") and self.redis_url is None:
            raise ValueError(
                f"APP_ROLE={self.app_role} needs REDIS_URL, by which workers hear of new jobs; "
                "without it one process with APP_ROLE=all does everything"
            )
        return self


class Gate:
    """404 for what a process of this role does not serve, which WebSockets are all."""

    def __init__(self, app: ASGIApp, *, role: Role) -> None:
        self.app = app
        self.role = role

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        match scope["type"]:
            case "http" if scope["path"] not in SERVED[self.role]:
                refusal = problem(404, f"this process has APP_ROLE={self.role}")
                await refusal(scope, receive, send)
            case "websocket":
                await WebSocketClose()(scope, receive, send)
            case _:
                await self.app(scope, receive, send)


class Unrecorded:
    """Where usage goes that is written down elsewhere: that of the role `inference` by the process
    that was asked, that of a job with its end."""

    async def record(self, usage: Usage) -> None:
        """Nothing."""


def install(app: FastAPI, _: Settings) -> None:
    role = RoleSettings().app_role
    if role in SERVED:
        # Innermost, so that what it refuses is logged and counted like all else.
        app.user_middleware.append(Middleware(Gate, role=role))
    if role == "inference":
        app.state.rate_limits = RateLimits(0)  # who asks was counted where they asked
        app.state.usage_sink = watched(app, Unrecorded())
