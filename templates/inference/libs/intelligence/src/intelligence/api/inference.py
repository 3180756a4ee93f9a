"""The inference API, whichever framework serves it: embeddings, classification, ranking.

`POST /v1/embeddings` is OpenAI's, so its clients work unchanged
(https://platform.openai.com/docs/api-reference/embeddings/create). One model serves all requests;
the limits below keep a single one from holding it for more than seconds. Nothing is cut to fit: a
text that the model cannot read whole is refused.

An edge asks `Engine.admit` before it reads a body, hands the body to `embed`, `classify` or
`similar`, waits for the future in its own way, records what it cost and answers. At the deadline it
cancels what still waits; what runs is paid for, and so waited for.
`intelligence.testing.inference` holds it to that.
"""

import base64
from collections.abc import Callable, Sequence
from concurrent.futures import Future
from dataclasses import dataclass, field
from time import perf_counter
from typing import Annotated, Literal

from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, Field

from intelligence.api.asking import InvalidInput, Location, Text, TokenUsage, UnknownModel
from intelligence.engine import Engine
from intelligence.errors import InputRefused
from intelligence.ports import Classifications, Embeddings, Ranking
from intelligence.usage import Usage

MAX_TEXTS = 64
MAX_LABELS = 32
MAX_BODY = 1024 * 1024  # bytes; as many and as long texts as may be fit in UTF-8

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
        default="float", description="base64: of little-endian 32-bit floats."
    )
    dimensions: int | None = Field(
        default=None, ge=1, description="The model's own number: its vectors cannot be shortened."
    )
    user: str | None = Field(default=None, description="Ignored: usage is put down to the API key.")


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
    top_k: int = Field(
        default=10, ge=1, le=MAX_TEXTS, description="How many documents to return at most."
    )


class Neighbour(BaseModel):
    index: int = Field(description="Position in `documents`.")
    score: float = Field(description="Cosine with the query, -1 to 1.")


class SimilarResponse(BaseModel):
    data: list[Neighbour] = Field(description="Best first.")
    model: str
    usage: TokenUsage


@dataclass(frozen=True, slots=True)
class Running[R: Embeddings | Classifications | Ranking, A: BaseModel]:
    """A request that the engine has admitted.

    Attributes:
        future: raises InputRefused, Expired (these cost nothing), InferenceFailed (costs what it
            says) or NotReady.
        places: where in the body each text stood, in the order in which the engine has them.
        answer: makes the body of the response from the result.
        started: on `time.perf_counter`'s clock.
    """

    operation: str
    model: str
    future: Future[R]
    places: Sequence[Location]
    answer: Callable[[R], A]
    started: float = field(default_factory=perf_counter)

    def usage(self, key_id: str, tokens: int, status: int) -> Usage:
        """What it cost until now."""
        milliseconds = (perf_counter() - self.started) * 1000
        return Usage(key_id, self.operation, self.model, tokens, 0, milliseconds, status)

    def refused(self, error: InputRefused) -> InvalidInput:
        """The same refusal, by its place in the body as far as that is known."""
        return InvalidInput.of(error, () if error.index is None else self.places[error.index])


def check(engine: Engine, body: EmbeddingsRequest) -> None:
    """What only the engine can tell. Raises UnknownModel, InvalidInput and NotReady."""
    if body.model != engine.model:
        raise UnknownModel(f"there is no model {body.model!r} here, only {engine.model!r}")
    if body.dimensions not in (None, engine.dimensions):
        raise InvalidInput(("dimensions",), f"this model has {engine.dimensions}")


def embed(engine: Engine, body: EmbeddingsRequest) -> Running[Embeddings, EmbeddingsResponse]:
    """Vectors of texts, whose dot products tell how near the texts are in meaning.

    Raises what `check` does, and like `classify` and `similar` NotReady and Overloaded.
    """
    check(engine, body)

    def answer(result: Embeddings) -> EmbeddingsResponse:
        vectors: list[list[float] | str]
        if body.encoding_format == "base64":
            vectors = [base64.b64encode(vector).decode() for vector in result.vectors.astype("<f4")]
        else:
            vectors = result.vectors.tolist()
        return EmbeddingsResponse(
            data=[Embedding(index=index, embedding=each) for index, each in enumerate(vectors)],
            model=result.model,
            usage=TokenUsage.of(result.tokens),
        )

    places = _places("input", body.input)
    return Running("embeddings", engine.model, engine.embed(body.input), places, answer)


def classify(engine: Engine, body: ClassifyRequest) -> Running[Classifications, ClassifyResponse]:
    """Zero-shot: each text is compared in meaning with a sentence about each label."""

    def answer(result: Classifications) -> ClassifyResponse:
        data = []
        for index, row in enumerate(result.scores.tolist()):
            pairs = sorted(zip(row, body.labels, strict=True), reverse=True)
            scores = [LabelScore(label=label, score=score) for score, label in pairs]
            data.append(Classification(index=index, scores=scores))
        return ClassifyResponse(data=data, model=result.model, usage=TokenUsage.of(result.tokens))

    future = engine.classify(body.texts, body.labels)
    places = _places("texts", body.texts) + _places("labels", body.labels)
    return Running("classify", engine.model, future, places, answer)


def similar(engine: Engine, body: SimilarRequest) -> Running[Ranking, SimilarResponse]:
    """The documents nearest in meaning to the query."""

    def answer(result: Ranking) -> SimilarResponse:
        return SimilarResponse(
            data=[Neighbour(index=match.index, score=match.score) for match in result.matches],
            model=result.model,
            usage=TokenUsage.of(result.tokens),
        )

    future = engine.rank(body.query, body.documents, body.top_k)
    places: list[Location] = [("query",), *_places("documents", body.documents)]
    return Running("similar", engine.model, future, places, answer)


def _places(field: str, texts: Sequence[str]) -> list[Location]:
    return [(field, index) for index in range(len(texts))]
