"""Real-time analytics over HTTP: who may send and who may look.

What the bodies hold and what becomes of a measurement is `intelligence.api.realtime`; where it is
kept is `apps.realtime.stores`. An open stream holds no connection to the database.
"""

from typing import Annotated

from django.http import HttpRequest, HttpResponse
from ninja import Query, Router, Status

from apps.api.auth import new_scope
from apps.api.problems import invalid
from apps.api.root import api as root
from apps.api.waiting import ApiKey, AsyncUsageSink, Request, while_connected
from apps.core.streams import EventStream
from apps.realtime import live
from intelligence.api import realtime as api
from intelligence.api.problems import Violation, responses
from intelligence.live.events import SHUTDOWN, WindowName
from intelligence.live.hub import encoded

router = Router(auth=ApiKey(live.LOOKING), tags=["realtime"])


def measurements(request: Request) -> api.Measurements:
    return api.Measurements(live.analytics, AsyncUsageSink(), request.auth.key_id)


@router.post(
    "/measurements",
    summary="Send measurements",
    auth=ApiKey(new_scope("measurements")),
    response={202: api.Receipt},
    openapi_extra={"responses": responses(400, 401, 403, 413, 422, 429, 503)},
)
async def create_measurements(request: Request, body: api.NewMeasurements) -> Status[api.Receipt]:
    """Stored and counted when it is answered; to send it again changes nothing."""
    with while_connected():
        return Status(202, await measurements(request).take(body))


@router.get(
    "/aggregates",
    summary="Read windows",
    response=api.Aggregates,
    openapi_extra={"responses": responses(401, 403, 422, 429, 503)},
)
async def list_aggregates(
    request: Request,
    metric: api.Metric,
    window: WindowName,
    since: Annotated[
        api.Moment | None,
        Query(None, alias="from", description="By default 100 windows before `to`."),
    ],
    until: Annotated[api.Moment | None, Query(None, alias="to", description="By default now.")],
    dimensions: Annotated[
        api.Pairs | None, Query(None, description="Of the series of these alone.")
    ],
) -> api.Aggregates:
    """Those of the caller's measurements that begin in [from, to)."""
    return await measurements(request).aggregates(
        metric, window, since=since, until=until, dimensions=dimensions
    )


@router.get(
    "/live",
    summary="Watch windows",
    openapi_extra={
        "responses": {
            200: {"content": {"text/event-stream": {"schema": {"type": "string"}}}},
            **responses(401, 403, 422, 429, 503),
        }
    },
)
async def watch(
    request: Request,
    metric: Annotated[api.Metric | None, Query(None, description="Of this alone.")],
    window: Annotated[WindowName | None, Query(None, description="Of this length alone.")],
    dimensions: Annotated[
        api.Pairs | None, Query(None, description="Of the series of these alone.")
    ],
) -> EventStream:
    """Server-sent events: each window of the caller's as it changes, and once it is closed."""
    wanted = live.Filter(metric=metric, window=window, dimensions=dimensions)
    subscription = wanted.subscribe(request.auth.key_id)
    key = request.headers["Authorization"].partition(" ")[2]
    events = live.analytics.hub.events(subscription, live.still(key))
    return EventStream(request, encoded(events), farewell=SHUTDOWN.sse)


@root.exception_handler(api.InvalidQuery)
def invalid_query(_: HttpRequest, error: api.InvalidQuery) -> HttpResponse:
    return invalid([Violation(location=["query", error.parameter], message=str(error))])


root.add_router("/v1", router)
