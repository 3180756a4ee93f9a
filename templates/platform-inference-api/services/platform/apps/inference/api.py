"""The inference API over HTTP: who may ask, what it costs, and how refusals are answered.

What the bodies hold and what the engine makes of them is `intelligence.api.inference`.
"""

from ninja import Router
from pydantic import BaseModel

from apps.api import engine as process
from apps.api.auth import ApiKey, CallerRequest, new_scope
from apps.api.blocking import admitted, result_of, sink
from apps.api.root import api
from intelligence.api import inference
from intelligence.api.problems import responses
from intelligence.errors import InferenceFailed, InputRefused
from intelligence.ports import Classifications, Embeddings, Ranking

# Asked in order; the first that returns something says who calls.
router = Router(auth=[admitted, ApiKey(new_scope("inference"))], tags=["inference"])


def answer[R: Embeddings | Classifications | Ranking, A: BaseModel](
    request: CallerRequest, running: inference.Running[R, A]
) -> A:
    """Waits for the result and records what it cost, also if the model failed on it."""
    key_id = request.auth.key_id
    try:
        result = result_of(running.future)
    except InputRefused as error:
        raise running.refused(error) from error
    except InferenceFailed as error:
        sink.record(running.usage(key_id, error.tokens, 500))
        raise
    sink.record(running.usage(key_id, result.tokens, 200))
    return running.answer(result)


@router.post(
    "/embeddings",
    summary="Embed texts",
    response=inference.EmbeddingsResponse,
    openapi_extra={"responses": responses(400, 401, 403, 404, 413, 422, 429, 503)},
)
def create_embeddings(
    request: CallerRequest, body: inference.EmbeddingsRequest
) -> inference.EmbeddingsResponse:
    """Vectors of texts, whose dot products tell how near the texts are in meaning."""
    return answer(request, inference.embed(process.engine, body))


@router.post(
    "/classify",
    summary="Classify texts without training",
    response=inference.ClassifyResponse,
    openapi_extra={"responses": responses(400, 401, 403, 413, 422, 429, 503)},
)
def classify_texts(
    request: CallerRequest, body: inference.ClassifyRequest
) -> inference.ClassifyResponse:
    """Zero-shot: each text is compared in meaning with a sentence about each label."""
    return answer(request, inference.classify(process.engine, body))


@router.post(
    "/similar",
    summary="Find the nearest documents",
    response=inference.SimilarResponse,
    openapi_extra={"responses": responses(400, 401, 403, 413, 422, 429, 503)},
)
def find_similar(
    request: CallerRequest, body: inference.SimilarRequest
) -> inference.SimilarResponse:
    """The documents nearest in meaning to the query."""
    return answer(request, inference.similar(process.engine, body))


api.add_router("/v1", router)
