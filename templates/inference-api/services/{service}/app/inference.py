"""The inference API over HTTP: who may ask, what it costs, and how refusals are answered.

What the bodies hold and what the engine makes of them is `intelligence.api.inference`.
"""

import asyncio
from collections.abc import Awaitable, Callable, Coroutine
from concurrent.futures import Future
from dataclasses import dataclass
from typing import Annotated, Any

from fastapi import APIRouter, Depends, FastAPI, Request, Response
from fastapi.routing import APIRoute
from pydantic import BaseModel
from starlette.requests import ClientDisconnect

from app.engine import EngineDep, get_engine
from app.keys import Caller, require
from app.problems import invalid, problem
from app.settings import Settings
from app.stores import UsageSinkDep
from intelligence.api import inference as api
from intelligence.api.problems import Violation, responses
from intelligence.engine import Engine
from intelligence.errors import Expired, InferenceFailed, InputRefused, NotReady, Overloaded
from intelligence.ports import Classifications, Embeddings, Ranking
from intelligence.usage import UsageSink


class AdmittedRoute(APIRoute):
    """Refuses what finds the queue full before its body is read and its key looked up."""

    def get_route_handler(self) -> Callable[[Request], Coroutine[Any, Any, Response]]:
        handle = super().get_route_handler()

        async def admitted(request: Request) -> Response:
            (await get_engine(request)).admit()
            return await handle(request)

        return admitted


@dataclass(frozen=True, slots=True)
class Inference:
    """The engine for one request: who asks, and where the cost is written."""

    request: Request
    caller: Caller
    engine: Engine
    sink: UsageSink[Awaitable[None]]

    async def answer[R: Embeddings | Classifications | Ranking, A: BaseModel](
        self, running: api.Running[R, A]
    ) -> A:
        """Waits for the result and records what it cost, also if the model failed on it."""
        try:
            result = await self._result(running.future)
        except InputRefused as error:
            raise running.refused(error) from error
        except InferenceFailed as error:
            await self.sink.record(running.usage(self.caller.key_id, error.tokens, 500))
            raise
        await self.sink.record(running.usage(self.caller.key_id, result.tokens, 200))
        return running.answer(result)

    async def _result[R](self, future: Future[R]) -> R:
        """Cancels what still waits at the deadline, or when the client leaves.

        What runs is paid for, and so waited for.
        """
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
            raise ClientDisconnect if gone.done() else Expired(self.engine.timeout)
        return await result


async def get_inference(
    request: Request,
    caller: Annotated[Caller, Depends(require("inference"))],
    engine: EngineDep,
    sink: UsageSinkDep,
) -> Inference:
    """A coroutine, as every dependency here: FastAPI calls others in a thread, at the cost of two
    switches each."""
    return Inference(request, caller, engine, sink)


InferenceDep = Annotated[Inference, Depends(get_inference)]

router = APIRouter(
    prefix="/v1",
    tags=["inference"],
    responses=responses(400, 401, 403, 413, 422, 429, 503),
    route_class=AdmittedRoute,
)


@router.post("/embeddings", summary="Embed texts", responses=responses(404))
async def create_embeddings(
    body: api.EmbeddingsRequest, inference: InferenceDep
) -> api.EmbeddingsResponse:
    """Vectors of texts, whose dot products tell how near the texts are in meaning."""
    return await inference.answer(api.embed(inference.engine, body))


@router.post("/classify", summary="Classify texts without training")
async def classify_texts(
    body: api.ClassifyRequest, inference: InferenceDep
) -> api.ClassifyResponse:
    """Zero-shot: each text is compared in meaning with a sentence about each label."""
    return await inference.answer(api.classify(inference.engine, body))


@router.post("/similar", summary="Find the nearest documents")
async def find_similar(body: api.SimilarRequest, inference: InferenceDep) -> api.SimilarResponse:
    """The documents nearest in meaning to the query."""
    return await inference.answer(api.similar(inference.engine, body))


def install(app: FastAPI, _: Settings) -> None:
    app.include_router(router)

    @app.exception_handler(NotReady)
    @app.exception_handler(Overloaded)
    async def unavailable(_: Request, error: Exception) -> Response:
        return problem(503, str(error), headers={"Retry-After": str(api.RETRY_AFTER)})

    @app.exception_handler(ClientDisconnect)
    async def client_left(_: Request, __: Exception) -> Response:
        return Response(status_code=499)  # nginx's code: nobody reads it but in the access log

    @app.exception_handler(api.UnknownModel)
    async def unknown_model(_: Request, error: api.UnknownModel) -> Response:
        return problem(404, str(error))

    @app.exception_handler(api.InvalidInput)
    async def invalid_input(_: Request, error: api.InvalidInput) -> Response:
        location = ["body", *error.location]
        return invalid([Violation(location=location, message=str(error))])
