"""Real-time analytics over HTTP: who may send and who may look, how many may look at a time.

What the bodies hold and what becomes of a measurement is `intelligence.api.realtime`; where it is
kept is `app.measurements`. An open stream holds no database session.
"""

from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from datetime import timedelta
from typing import Annotated, Self

from fastapi import APIRouter, Depends, FastAPI, HTTPException, Query, Request, Response, WebSocket
from pydantic import Field, NonNegativeInt, PositiveInt, RedisDsn, model_validator
from pydantic_settings import BaseSettings, SettingsConfigDict
from starlette.requests import HTTPConnection

from app.database import Database
from app.keys import Caller, checked, find, require
from app.measurements import SqlMeasurements
from app.problems import invalid
from app.settings import Settings
from app.stores import UsageSinkDep
from app.streams import EventStream
from intelligence.api import asking
from intelligence.api import realtime as api
from intelligence.api.problems import Violation, responses
from intelligence.api.rate_limits import RateLimited
from intelligence.errors import Overloaded
from intelligence.live import socket
from intelligence.live.analytics import Analytics, Retention
from intelligence.live.events import SHUTDOWN, WindowName
from intelligence.live.hub import Wanted, encoded

SENDING = "measurements"
LOOKING = "analytics"


class RealtimeSettings(BaseSettings):
    """Attributes:
    allowed_lateness: seconds after its end that a window takes measurements.
    live_streams: how many may be open in this process; further ones are refused with 503.
    measurement_days: how long measurements are kept, and the shortest windows.
    window_days: how long the other windows are.
    redis_url: how several processes tell each other what changed.

    The rest as in `app.settings`.
    """

    model_config = SettingsConfigDict(env_ignore_empty=True, frozen=True, hide_input_in_errors=True)

    allowed_lateness: NonNegativeInt = Field(default=60, le=86_400)
    live_streams: PositiveInt = 1000
    measurement_days: PositiveInt = 7
    window_days: PositiveInt = 400
    redis_url: RedisDsn | None = None
    app_env: str = "production"
    web_concurrency: PositiveInt = 1
    replicas: PositiveInt = 1

    @model_validator(mode="after")
    def windows_outlive_measurements(self) -> Self:
        if self.window_days < self.measurement_days:
            raise ValueError("WINDOW_DAYS cannot be less than MEASUREMENT_DAYS")
        return self

    @model_validator(mode="after")
    def processes_hear_of_each_other(self) -> Self:
        processes = self.web_concurrency * self.replicas
        if self.app_env == "production" and processes > 1 and self.redis_url is None:
            raise ValueError(
                f"{processes} processes tell each other what is live by Redis: set REDIS_URL, or "
                "WEB_CONCURRENCY and REPLICAS to 1"
            )
        return self

    def analytics(self, database: Database) -> Analytics:
        return Analytics(
            SqlMeasurements(database),
            lateness=timedelta(seconds=self.allowed_lateness),
            retention=Retention(
                timedelta(days=self.measurement_days), timedelta(days=self.window_days)
            ),
            streams=self.live_streams,
            redis_url=None if self.redis_url is None else str(self.redis_url),
        )


async def get_analytics(request: Request) -> Analytics:
    analytics: Analytics = request.app.state.analytics
    return analytics


AnalyticsDep = Annotated[Analytics, Depends(get_analytics)]
Sender = Annotated[Caller, Depends(require(SENDING))]
Looker = Annotated[Caller, Depends(require(LOOKING))]

MetricQuery = Annotated[api.Metric | None, Query(description="Of this alone.")]
WindowQuery = Annotated[WindowName | None, Query(description="Of this length alone.")]
SeriesQuery = Annotated[api.Pairs | None, Query(description="Of the series of these alone.")]

router = APIRouter(prefix="/v1", tags=["realtime"], responses=responses(401, 403, 422, 429))


@router.post(
    "/measurements",
    summary="Send measurements",
    status_code=202,
    responses=responses(400, 413),
)
async def create_measurements(
    body: api.NewMeasurements, caller: Sender, analytics: AnalyticsDep, sink: UsageSinkDep
) -> api.Receipt:
    """Stored and counted when it is answered; to send it again changes nothing."""
    return await api.Measurements(analytics, sink, caller.key_id).take(body)


@router.get("/aggregates", summary="Read windows")
async def list_aggregates(
    caller: Looker,
    analytics: AnalyticsDep,
    sink: UsageSinkDep,
    metric: api.Metric,
    window: WindowName,
    since: Annotated[
        api.Moment | None, Query(alias="from", description="By default 100 windows before `to`.")
    ] = None,
    until: Annotated[api.Moment | None, Query(alias="to", description="By default now.")] = None,
    dimensions: SeriesQuery = None,
) -> api.Aggregates:
    """Those of the caller's measurements that begin in [from, to)."""
    asked = api.Measurements(analytics, sink, caller.key_id)
    return await asked.aggregates(metric, window, since=since, until=until, dimensions=dimensions)


@router.get(
    "/live",
    summary="Watch windows",
    status_code=200,
    response_class=EventStream,
    responses=responses(503),
)
async def watch(
    request: Request,
    caller: Looker,
    analytics: AnalyticsDep,
    metric: MetricQuery = None,
    window: WindowQuery = None,
    dimensions: SeriesQuery = None,
) -> EventStream:
    """Server-sent events: each window of the caller's as it changes, and once it is closed."""
    subscription = analytics.hub.subscribe(Wanted(caller.key_id, metric, window, dimensions))
    key = request.headers["Authorization"].partition(" ")[2]

    async def allowed() -> bool:
        return await may_look(request, key)

    events = encoded(analytics.hub.events(subscription, allowed))
    return EventStream(events, stop=request.app.state.stopping, farewell=SHUTDOWN.sse)


@router.websocket("/live/ws")
async def watch_by_socket(
    websocket: WebSocket,
    metric: MetricQuery = None,
    window: WindowQuery = None,
    dimensions: SeriesQuery = None,
) -> None:
    """The same events, each as one message."""
    app: FastAPI = websocket.app
    analytics: Analytics = app.state.analytics

    async def enter(key: str) -> socket.Events:
        try:
            caller = await checked(websocket, key, LOOKING)
            wanted = Wanted(caller.key_id, metric, window, dimensions)
            subscription = analytics.hub.subscribe(wanted)
        except HTTPException as error:
            raise socket.Refused(error.status_code, error.detail, error.headers) from None
        except RateLimited as error:
            retry = {"Retry-After": str(error.retry_after)}
            raise socket.Refused(429, str(error), retry) from None
        except Overloaded as error:
            retry = {"Retry-After": str(asking.RETRY_AFTER)}
            raise socket.Refused(503, str(error), retry) from None
        return analytics.hub.events(subscription, lambda: may_look(websocket, key))

    authorization = websocket.headers.get("Authorization", "")
    await socket.serve(websocket.receive, websocket.send, authorization, enter, app.state.stopping)


async def may_look(connection: HTTPConnection, credentials: str) -> bool:
    caller = await find(connection, credentials)
    return caller is not None and caller.may(LOOKING, "GET")


@asynccontextmanager
async def resources(app: FastAPI) -> AsyncGenerator[None]:
    analytics: Analytics = app.state.analytics
    async with analytics.running():
        yield


def install(app: FastAPI, _: Settings) -> None:
    app.state.analytics = RealtimeSettings().analytics(app.state.database)
    app.state.metrics.registry.register(app.state.analytics)
    app.state.resources.append(resources)
    app.include_router(router)

    @app.exception_handler(api.InvalidQuery)
    async def invalid_query(_: Request, error: api.InvalidQuery) -> Response:
        return invalid([Violation(location=["query", error.parameter], message=str(error))])
