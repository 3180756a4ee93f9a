"""The ASGI application. Pages are served here as well, but it is there for what waits or streams.

Django leaves the lifespan of the process to others (https://asgi.readthedocs.io/en/latest/specs/lifespan.html).
"""

import os
from collections.abc import Awaitable, Callable, Mapping
from typing import Any

from django.core.asgi import get_asgi_application

from apps.core.signals import server_starts
from apps.core.streams import server_stops, stopping
from config.environment import settings_module

os.environ.setdefault("DJANGO_SETTINGS_MODULE", settings_module())
django = get_asgi_application()

type Receive = Callable[[], Awaitable[Mapping[str, Any]]]
type Send = Callable[[Mapping[str, Any]], Awaitable[None]]


async def application(scope: dict[str, Any], receive: Receive, send: Send) -> None:
    """What a receiver of `server_starts` raises ends the server before it listens."""
    if scope["type"] != "lifespan":
        await django(scope, receive, send)
        return
    await receive()  # lifespan.startup
    await server_starts.asend(sender=None, threads=None)
    with stopping() as scope["state"]["stop"]:
        await send({"type": "lifespan.startup.complete"})
        await receive()  # lifespan.shutdown
    await server_stops.asend(sender=None)
    await send({"type": "lifespan.shutdown.complete"})
