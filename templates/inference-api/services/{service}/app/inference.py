"""The inference API over HTTP: who may ask, what it costs, and how refusals are answered.

What the bodies hold and what the engine makes of them is `intelligence.api.inference`.
"""

from collections.abc import Awaitable
from dataclasses import dataclass
from typing import Annotated

from fastapi import APIRouter, Depends, FastAPI
from pydantic import BaseModel

from app.engine import EngineDep
from app.keys import Caller, require
from app.settings import Settings
from app.stores import UsageSinkDep
from app.waiting import AdmittedRoute, Waiting, WaitingDep
from intelligence.api import inference as api
from intelligence.api.problems import responses
from intelligence.engine import Engine
from intelligence.errors import InferenceFailed, InputRefused
from intelligence.ports import Classifications, Embeddings, Ranking
from intelligence.usage import UsageSink


@dataclass(frozen=True, slots=True)
class Inference:
    """The engine for one request: who asks, and where the cost is written."""

    caller: Caller
    engine: Engine
    sink: UsageSink[Awaitable[None]]
    wait: Waiting

    async def answer[R: Embeddings | Classifications | Ranking, A: BaseModel](
        self, running: api.Running[R, A]
    ) -> A:
        """Waits for the result and records what it cost, also if the model failed on it."""
        try:
            result = await self.wait(running.future)
        except InputRefused as error:
            raise running.refused(error) from error
        except InferenceFailed as error:
            await self.sink.record(running.usage(self.caller.key_id, error.tokens, 500))
            raise
        await self.sink.record(running.usage(self.caller.key_id, result.tokens, 200))
        return running.answer(result)


async def get_inference(
    caller: Annotated[Caller, Depends(require("inference"))],
    engine: EngineDep,
    sink: UsageSinkDep,
    wait: WaitingDep,
) -> Inference:
    return Inference(caller, engine, sink, wait)


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
    app.state.models.append(lambda: app.state.engine.model)
