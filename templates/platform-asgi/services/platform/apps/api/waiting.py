"""Routes that are coroutines: who may ask, waiting for the model, a client that leaves.

Only an ASGI process serves them. Django cancels a coroutine whose client has left.
"""

import asyncio
from collections.abc import Callable, Generator
from concurrent.futures import Future
from contextlib import contextmanager
from time import monotonic

from django.core.handlers.asgi import ASGIRequest
from django.http import HttpRequest, HttpResponse

from apps.ai.keys import Caller
from apps.ai.stores import DjangoUsageSink
from apps.api import auth
from apps.api import engine as process
from apps.api.metrics import metrics
from apps.api.problems import problem
from apps.api.root import api
from apps.core.threads import query
from intelligence.api.asking import CLIENT_LEFT, CallerLeft, Refusals
from intelligence.api.metrics import CountedUsage
from intelligence.errors import Expired, Overloaded
from intelligence.usage import Usage

refusals = Refusals()
sink = CountedUsage(DjangoUsageSink(), metrics)


class WrongProcess(Exception):  # noqa: N818 - what happened, as in `intelligence.errors`
    """A request that waits or streams came to a process of requests alone."""


class Request(ASGIRequest):
    """A request that `ApiKey` has let in."""

    auth: Caller


class ApiKey(auth.ApiKey):
    """As its base, in a coroutine. Raises WrongProcess, too."""

    async def __call__(self, request: HttpRequest) -> Caller:  # type: ignore[override] # ninja awaits it
        caller = await query(super().__call__, request)
        if not isinstance(request, ASGIRequest):
            raise WrongProcess("this process serves no streams: the ASGI process does")
        return caller


async def admit(door: Callable[[], None]) -> None:
    """A refusal is held back, so that callers who ask again at once do not keep the process from
    its work. Raises what `door` does, Overloaded."""
    try:
        door()
    except Overloaded:
        await asyncio.sleep(refusals.hold(monotonic()))
        raise


async def admitted(_: HttpRequest) -> None:
    """Refuses what finds the queue full before its key is looked up and its body parsed."""
    await admit(process.engine.admit)


class AsyncUsageSink:
    """Keeps no connection, as all that a coroutine asks of the database."""

    async def record(self, usage: Usage) -> None:
        await query(sink.record, usage)


class Waiting:
    """For the engine, on behalf of one request."""

    def __init__(self) -> None:
        self._left = False

    async def __call__[R](self, future: Future[R], /) -> R:
        """Cancels what still waits at the deadline (Expired), or when the client leaves
        (CallerLeft). What runs is paid for, and so waited for."""
        timeout = process.engine.timeout
        result = asyncio.wrap_future(future)
        if self._left:
            future.cancel()
            raise CallerLeft
        try:
            await asyncio.wait({result}, timeout=timeout)
        except asyncio.CancelledError:
            self._left = True
        if future.cancel():
            raise CallerLeft if self._left else Expired(timeout)
        return await result


@contextmanager
def while_connected() -> Generator[None]:
    """A cancelled request becomes CallerLeft, so that its end is logged."""
    try:
        yield
    except asyncio.CancelledError:
        raise CallerLeft from None


@api.exception_handler(CallerLeft)
def client_left(_: HttpRequest, __: CallerLeft) -> HttpResponse:
    return HttpResponse(status=CLIENT_LEFT)  # nobody reads it but in the access log


@api.exception_handler(WrongProcess)
def wrong_process(_: HttpRequest, error: WrongProcess) -> HttpResponse:
    return problem(503, str(error))
