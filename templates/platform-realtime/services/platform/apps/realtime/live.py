"""What is live in this process: the streams that are open, and WebSockets, which Django does not
know."""

from datetime import timedelta
from typing import Any
from urllib.parse import parse_qsl

from django.conf import settings
from pydantic import BaseModel, ValidationError

from apps.ai import keys
from apps.api import auth
from apps.api import limits as process
from apps.api.auth import Refusal, new_scope
from apps.core.streams import stop_of
from apps.core.threads import query
from apps.realtime.stores import DjangoMeasurements
from intelligence.api import asking
from intelligence.api import realtime as api
from intelligence.api.rate_limits import RateLimited
from intelligence.errors import Overloaded
from intelligence.live import socket as protocol
from intelligence.live.analytics import Analytics, Retention
from intelligence.live.events import WindowName
from intelligence.live.hub import Allowed, Subscription, Wanted

PATH = "/v1/live/ws"
LOOKING = new_scope("analytics")

analytics = Analytics(
    DjangoMeasurements(),
    lateness=settings.ALLOWED_LATENESS,
    retention=Retention(
        timedelta(days=settings.MEASUREMENT_DAYS), timedelta(days=settings.WINDOW_DAYS)
    ),
    streams=settings.LIVE_STREAMS,
    redis_url=settings.REDIS_URL or None,
)


class Filter(BaseModel):
    """What of the caller's windows is watched; by default all of them."""

    metric: api.Metric | None = None
    window: WindowName | None = None
    dimensions: api.Pairs | None = None

    def subscribe(self, key_id: str) -> Subscription:
        """Raises Overloaded."""
        wanted = Wanted(key_id, self.metric, self.window, self.dimensions)
        return analytics.hub.subscribe(wanted)


def still(key: str) -> Allowed:
    def may_look() -> bool:
        caller = keys.find(key)
        return caller is not None and LOOKING in caller.scopes

    async def allowed() -> bool:
        return await query(may_look)

    return allowed


async def socket(scope: dict[str, Any], receive: protocol.Receive, send: protocol.Send) -> None:
    headers = {name: value.decode("latin-1") for name, value in scope["headers"]}

    async def enter(key: str) -> protocol.Events:
        if scope["path"] != PATH:
            raise protocol.Refused(404, None)
        try:
            caller = await query(auth.identified, key, LOOKING)
            process.limits.take(caller.key_id)
            wanted = Filter.model_validate(dict(parse_qsl(scope["query_string"].decode("latin-1"))))
            subscription = wanted.subscribe(caller.key_id)
        except ValidationError as error:
            first = error.errors(include_url=False, include_input=False)[0]
            raise protocol.Refused(422, f"{first['loc'][0]}: {first['msg']}") from None
        except Refusal as error:
            challenge = {"WWW-Authenticate": error.challenge}
            raise protocol.Refused(error.status, str(error), challenge) from None
        except RateLimited as error:
            retry = {"Retry-After": str(error.retry_after)}
            raise protocol.Refused(429, str(error), retry) from None
        except Overloaded as error:
            retry = {"Retry-After": str(asking.RETRY_AFTER)}
            raise protocol.Refused(503, str(error), retry) from None
        return analytics.hub.events(subscription, still(key))

    await protocol.serve(receive, send, headers.get(b"authorization", ""), enter, stop_of(scope))
