"""Waiting for the model: a full queue, a deadline, a client that leaves; how each is answered."""

import asyncio
from collections.abc import Callable, Coroutine
from concurrent.futures import Future
from dataclasses import dataclass
from time import monotonic
from typing import Annotated, Any

from fastapi import Depends, FastAPI, Request, Response
from fastapi.routing import APIRoute
from starlette.requests import ClientDisconnect

from app.engine import EngineDep, get_engine
from app.problems import invalid, problem
from intelligence.api import asking
from intelligence.api.problems import Violation
from intelligence.engine import Engine
from intelligence.errors import Expired, NotReady, Overloaded


class AdmittedRoute(APIRoute):
    """Refuses what finds the queue full before its body is read and its key looked up."""

    def get_route_handler(self) -> Callable[[Request], Coroutine[Any, Any, Response]]:
        handle = super().get_route_handler()

        async def admitted(request: Request) -> Response:
            (await get_engine(request)).admit()
            return await handle(request)

        return admitted


@dataclass(frozen=True, slots=True)
class Waiting:
    """For the engine, on behalf of one request whose body has been read."""

    request: Request
    engine: Engine

    async def __call__[R](self, future: Future[R], /) -> R:
        """Cancels what still waits at the deadline (Expired), or when the client leaves
        (CallerLeft). What runs is paid for, and so waited for."""
        result = asyncio.wrap_future(future)
        # The body has been read: all that is left to receive is that the client is gone.
        gone = asyncio.ensure_future(self.request.receive())
        try:
            await asyncio.wait(
                (result, gone),
                timeout=self.engine.timeout,
                return_when=asyncio.FIRST_COMPLETED,
            )
        finally:
            gone.cancel()
            future.cancel()  # without effect from the start of its run on
        if future.cancelled():
            raise asking.CallerLeft if gone.done() else Expired(self.engine.timeout)
        return await result


async def get_waiting(request: Request, engine: EngineDep) -> Waiting:
    """A coroutine, as every dependency here: FastAPI calls others in a thread, at the cost of two
    switches each."""
    return Waiting(request, engine)


WaitingDep = Annotated[Waiting, Depends(get_waiting)]


async def hold_back(app: FastAPI) -> None:
    """A refusal: so that callers who ask again at once do not keep the process from its work."""
    await asyncio.sleep(app.state.refusals.hold(monotonic()))


def install(app: FastAPI) -> None:
    app.state.refusals = asking.Refusals()

    @app.exception_handler(NotReady)
    @app.exception_handler(Overloaded)
    async def unavailable(_: Request, error: Exception) -> Response:
        await hold_back(app)
        return problem(503, str(error), headers={"Retry-After": str(asking.RETRY_AFTER)})

    @app.exception_handler(asking.CallerLeft)
    @app.exception_handler(ClientDisconnect)
    async def client_left(_: Request, __: Exception) -> Response:
        return Response(status_code=asking.CLIENT_LEFT)  # nobody reads it but in the access log

    @app.exception_handler(asking.UnknownModel)
    async def unknown_model(_: Request, error: asking.UnknownModel) -> Response:
        return problem(404, str(error))

    @app.exception_handler(asking.InvalidInput)
    async def invalid_input(_: Request, error: asking.InvalidInput) -> Response:
        location = ["body", *error.location]
        return invalid([Violation(location=location, message=str(error))])
