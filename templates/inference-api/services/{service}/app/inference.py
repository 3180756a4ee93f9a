"""Inference over HTTP, on the process's one model: embeddings, classification, ranking.

`POST /v1/embeddings` is OpenAI's, so its clients work unchanged
(https://platform.openai.com/docs/api-reference/embeddings/create). One model serves all requests in
turn; the limits below keep a single one from holding it for more than seconds. Nothing is cut to
fit: a text that the model cannot read whole is refused.
"""

import asyncio
import base64
from collections.abc import Sequence
from concurrent.futures import Future
from dataclasses import dataclass
from time import perf_counter
from typing import Annotated, Literal

from fastapi import APIRouter, Depends, FastAPI, HTTPException, Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse
from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, Field

from app.engine import EngineDep
from app.keys import Caller, require
from app.problems import problem, responses
from app.settings import Settings
from app.stores import UsageSinkDep
from intelligence.errors import InferenceFailed, InputTooLarge, NotReady, Overloaded
from intelligence.ports import Classifications, Embeddings, Ranking
from intelligence.usage import Operation, Usage

MAX_TEXTS = 64
MAX_LABELS = 32
MAX_CHARACTERS = 4000  # more than the model reads; spares the tokenizer what will be refused
RETRY_AFTER = 1  # seconds

type Location = tuple[str | int, ...]

Text = Annotated[str, Field(min_length=1, max_length=MAX_CHARACTERS)]
Texts = Annotated[list[Text], Field(min_length=1, max_length=MAX_TEXTS)]
Label = Annotated[str, Field(min_length=1, max_length=100)]


def as_texts(value: object) -> object:
    if isinstance(value, str):
        return [value]
    if isinstance(value, list) and any(isinstance(each, int | list) for each in value):
        raise ValueError("token arrays cannot be read: send text")
    return value


def distinct(labels: list[str]) -> list[str]:
    if len(set(labels)) < len(labels):
        raise ValueError("the labels must differ from each other")
    return labels


class TokenUsage(BaseModel):
    """What the model read, as its tokenizer counts; labels and queries are read too."""

    prompt_tokens: int
    total_tokens: int


class EmbeddingsRequest(BaseModel):
    input: Annotated[Texts, BeforeValidator(as_texts, json_schema_input_type=Text | Texts)] = Field(
        description="One text or several. Token arrays are refused.",
        examples=[["Where is my parcel?", "How do I get my money back?"]],
    )
    model: str = Field(
        description="The model that this service runs; another name is answered with 404.",
        examples=["all-minilm-l6-v2-int8"],
    )
    encoding_format: Literal["float", "base64"] = Field(
        "float", description="base64: of little-endian 32-bit floats."
    )
    dimensions: int | None = Field(
        None, ge=1, description="The model's own number: its vectors cannot be shortened."
    )
    user: str | None = Field(None, description="Ignored: usage is put down to the API key.")


class Embedding(BaseModel):
    object: Literal["embedding"] = "embedding"
    index: int
    embedding: list[float] | str = Field(description="Of length 1: a dot product is a cosine.")


class EmbeddingsResponse(BaseModel):
    object: Literal["list"] = "list"
    data: list[Embedding]
    model: str
    usage: TokenUsage


class ClassifyRequest(BaseModel):
    model_config = ConfigDict(extra="forbid")

    texts: Texts = Field(examples=[["My card was charged twice."]])
    labels: Annotated[list[Label], AfterValidator(distinct)] = Field(
        min_length=2,
        max_length=MAX_LABELS,
        description="Each completes the sentence “This text is about …”.",
        examples=[["a payment", "a delivery", "something else"]],
        json_schema_extra={"uniqueItems": True},
    )


class LabelScore(BaseModel):
    label: str
    score: float


class Classification(BaseModel):
    index: int
    scores: list[LabelScore] = Field(
        description="Best first. They sum to 1 and compare the labels: no calibrated probabilities."
    )


class ClassifyResponse(BaseModel):
    data: list[Classification]
    model: str
    usage: TokenUsage


class SimilarRequest(BaseModel):
    model_config = ConfigDict(extra="forbid")

    query: Text = Field(examples=["How do I get my money back?"])
    documents: Texts = Field(examples=[["Refunds take five days.", "We open at nine."]])
    top_k: int = Field(10, ge=1, le=MAX_TEXTS, description="How many documents to return at most.")


class Neighbour(BaseModel):
    index: int = Field(description="Position in `documents`.")
    score: float = Field(description="Cosine with the query, -1 to 1.")


class SimilarResponse(BaseModel):
    data: list[Neighbour] = Field(description="Best first.")
    model: str
    usage: TokenUsage


@dataclass(frozen=True, slots=True)
class Inference:
    """The engine for one request: who asks, and where the cost is written."""

    caller: Annotated[Caller, Depends(require("inference"))]
    engine: EngineDep
    sink: UsageSinkDep

    async def metered[R: (Embeddings, Classifications, Ranking)](
        self, operation: Operation, result: Future[R], sent: Sequence[Location]
    ) -> R:
        """Waits for the result and records what it cost, also if the model failed on it.

        Args:
            sent: where in the body each text stood, in the order in which the engine has them.
        """
        model, started = self.engine.model, perf_counter()

        async def record(tokens: int, status: int) -> None:
            milliseconds = (perf_counter() - started) * 1000
            await self.sink.record(
                Usage(self.caller.key_id, operation, model, tokens, 0, milliseconds, status)
            )

        try:
            done = await asyncio.wrap_future(result)
        except InputTooLarge as error:
            message = f"{error.tokens} tokens are more than the {error.limit} that the model reads"
            raise invalid(sent[error.index], message) from error
        except InferenceFailed as error:
            await record(error.tokens, 500)
            raise
        await record(done.tokens, 200)
        return done


def invalid(location: Location, message: str) -> RequestValidationError:
    """A 422 like those of the schema, for what only the model can tell."""
    error = {"type": "value_error", "loc": ("body", *location), "msg": message}
    return RequestValidationError([error])


def places(field: str, texts: Sequence[str]) -> list[Location]:
    return [(field, index) for index in range(len(texts))]


def token_usage(tokens: int) -> TokenUsage:
    return TokenUsage(prompt_tokens=tokens, total_tokens=tokens)


router = APIRouter(
    prefix="/v1", tags=["inference"], responses=responses(400, 401, 403, 413, 422, 503)
)


@router.post("/embeddings", summary="Embed texts", responses=responses(404))
async def create_embeddings(
    body: EmbeddingsRequest, inference: Annotated[Inference, Depends()]
) -> EmbeddingsResponse:
    """Vectors of texts, whose dot products tell how near the texts are in meaning."""
    engine = inference.engine
    if body.model != engine.model:
        raise HTTPException(404, f"there is no model {body.model!r} here, only {engine.model!r}")
    if body.dimensions not in (None, engine.dimensions):
        raise invalid(("dimensions",), f"this model has {engine.dimensions}")

    future = engine.embed(body.input)
    result = await inference.metered("embeddings", future, places("input", body.input))
    vectors: list[list[float] | str]
    if body.encoding_format == "base64":
        vectors = [base64.b64encode(vector).decode() for vector in result.vectors.astype("<f4")]
    else:
        vectors = result.vectors.tolist()
    return EmbeddingsResponse(
        data=[Embedding(index=index, embedding=each) for index, each in enumerate(vectors)],
        model=result.model,
        usage=token_usage(result.tokens),
    )


@router.post("/classify", summary="Classify texts without training")
async def classify_texts(
    body: ClassifyRequest, inference: Annotated[Inference, Depends()]
) -> ClassifyResponse:
    """Zero-shot: each text is compared in meaning with a sentence about each label."""
    future = inference.engine.classify(body.texts, body.labels)
    sent = places("texts", body.texts) + places("labels", body.labels)
    result = await inference.metered("classify", future, sent)
    data = []
    for index, row in enumerate(result.scores.tolist()):
        pairs = sorted(zip(row, body.labels, strict=True), reverse=True)
        scores = [LabelScore(label=label, score=score) for score, label in pairs]
        data.append(Classification(index=index, scores=scores))
    return ClassifyResponse(
        data=data,
        model=result.model,
        usage=token_usage(result.tokens),
    )


@router.post("/similar", summary="Find the nearest documents")
async def find_similar(
    body: SimilarRequest, inference: Annotated[Inference, Depends()]
) -> SimilarResponse:
    """The documents nearest in meaning to the query."""
    future = inference.engine.rank(body.query, body.documents, body.top_k)
    sent: list[Location] = [("query",), *places("documents", body.documents)]
    result = await inference.metered("similar", future, sent)
    return SimilarResponse(
        data=[Neighbour(index=match.index, score=match.score) for match in result.matches],
        model=result.model,
        usage=token_usage(result.tokens),
    )


def install(app: FastAPI, _: Settings) -> None:
    app.include_router(router)

    async def unavailable(_: Request, error: Exception) -> JSONResponse:
        return problem(503, str(error), headers={"Retry-After": str(RETRY_AFTER)})

    app.add_exception_handler(NotReady, unavailable)
    app.add_exception_handler(Overloaded, unavailable)
