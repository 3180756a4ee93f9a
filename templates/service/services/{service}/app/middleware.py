"""Around each request: an id, a log line, safe headers, a bounded body, an answer to a crash."""

import logging
import re
from time import perf_counter
from uuid import uuid4

from starlette.datastructures import Headers, MutableHeaders
from starlette.exceptions import HTTPException
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from app.events import actor
from app.logs import request_id
from app.problems import problem

logger = logging.getLogger("app.access")

ACCEPTABLE_ID = re.compile(r"[A-Za-z0-9._-]{1,64}")
HEADERS = {
    "Content-Security-Policy": "default-src 'none'; frame-ancestors 'none'",
    "Referrer-Policy": "no-referrer",
    "X-Content-Type-Options": "nosniff",
}
HSTS = "max-age=31536000"  # over TLS alone, RFC 6797 §7.2


class RequestContext:
    """Keeps a caller's `X-Request-ID` if it is short and plain, else makes one up."""

    def __init__(self, app: ASGIApp) -> None:
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return

        started = perf_counter()
        given = Headers(scope=scope).get("x-request-id", "")
        this_id = given if ACCEPTABLE_ID.fullmatch(given) else uuid4().hex
        token = request_id.set(this_id)
        nobody_yet = actor.set(None)
        status: int | None = None

        async def respond(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
                headers = MutableHeaders(scope=message)
                headers["X-Request-ID"] = this_id
                for name, value in HEADERS.items():
                    headers.setdefault(name, value)
                if scope["scheme"] == "https":
                    headers["Strict-Transport-Security"] = HSTS
            await send(message)

        try:
            await self.app(scope, receive, respond)
        except Exception:
            logger.exception("unhandled")
            if status is not None:
                raise  # part of the answer is out: only the server can break it off
            await problem(500)(scope, receive, respond)
        finally:
            details = {
                "method": scope["method"],
                "path": scope["path"],
                "status": status,
                "duration_ms": round((perf_counter() - started) * 1000, 1),
                "key_id": scope.get("state", {}).get("key_id"),
            }
            logger.info("%(method)s %(path)s %(status)s", details, extra=details)
            request_id.reset(token)
            actor.reset(nobody_yet)


class BodyLimit:
    """Answers 413 to a longer body; one that declares its length is not read at all.

    Starlette's own limit answers in plain text when the length is declared.
    """

    def __init__(self, app: ASGIApp, *, max_bytes: int) -> None:
        self.app = app
        self.max_bytes = max_bytes

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        declared = Headers(scope=scope).get("content-length", "") if scope["type"] == "http" else ""
        if declared.isdecimal() and int(declared) > self.max_bytes:
            await problem(413, headers={"Connection": "close"})(scope, receive, send)
            return

        size = 0

        async def counted() -> Message:
            nonlocal size
            message = await receive()
            if message["type"] == "http.request":
                size += len(message.get("body", b""))
                if size > self.max_bytes:
                    raise HTTPException(413)
            return message

        await self.app(scope, counted, send)
