"""The ASGI application with what Django leaves to others: WebSockets, and work beside requests."""

from typing import Any

from config.asgi import Receive, Send
from config.asgi import application as http

# Django is set up by now.
from apps.realtime import live  # isort: skip


async def application(scope: dict[str, Any], receive: Receive, send: Send) -> None:
    match scope["type"]:
        case "websocket":
            await live.socket(scope, receive, send)
        case "lifespan":
            async with live.analytics.running():
                await http(scope, receive, send)
        case _:
            await http(scope, receive, send)
