"""Jobs, without HTTP and without storage: what is asked for now and fetched later.

A job is a call of the inference API with up to MAX_INPUTS texts. It is worked on in parts of PART
texts, each of which that API would take as well, so that the requests of others come between; the
answer is that of one call. What a part fails with ends the job if it would fail each time
(`verdict`), else it is tried again after a `pause`.

An edge keeps jobs, has them worked on, and answers. One attempt at a time may end a job: whoever
writes a result says of which attempt it is.
"""
# ruff: noqa: N818 - errors are named for what happened, as in `intelligence.errors`

import hashlib
import random
import secrets
import time
from collections.abc import Sequence
from datetime import datetime
from typing import Annotated, Any, Literal, Self

from pydantic import BaseModel, BeforeValidator, Field, TypeAdapter

from intelligence.api import inference
from intelligence.api.asking import InvalidInput, Text, TokenUsage, UnknownModel
from intelligence.api.inference import (
    ClassifyRequest,
    ClassifyResponse,
    EmbeddingsRequest,
    EmbeddingsResponse,
    Running,
    as_texts,
)
from intelligence.api.problems import Problem, Violation
from intelligence.engine import Engine
from intelligence.errors import InputRefused, IntelligenceError
from intelligence.ports import Classifications, Embeddings

MAX_INPUTS = 1000
PART = 32  # texts that are worked on at a time
MAX_FAILURES = 5  # attempts that may fail, or be left by their worker, before a job has failed
LONGEST_PAUSE = 60.0  # seconds between two attempts
PAGE = 100

type Status = Literal["queued", "running", "succeeded", "failed", "cancelled"]

Inputs = Annotated[list[Text], Field(min_length=1, max_length=MAX_INPUTS)]


class EmbeddingsJob(EmbeddingsRequest):
    """As `POST /v1/embeddings`, with more texts."""

    kind: Literal["embeddings"]
    input: Annotated[Inputs, BeforeValidator(as_texts, json_schema_input_type=Text | Inputs)] = (
        Field(
            description="One text or several. Token arrays are refused.",
            examples=[["Where is my parcel?", "How do I get my money back?"]],
        )
    )

    @property
    def total(self) -> int:
        return len(self.input)

    def check(self, engine: Engine) -> None:
        """Raises UnknownModel, InvalidInput and NotReady, as the work on it would."""
        inference.check(engine, self)

    def begin(self, engine: Engine, start: int) -> Running[Embeddings, EmbeddingsResponse]:
        """The part that begins there. Raises as `inference.embed` does."""
        texts = self.input[start : start + PART]
        return inference.embed(engine, self.model_copy(update={"input": texts}))

    def whole(self, parts: Sequence[EmbeddingsResponse]) -> EmbeddingsResponse:
        """The answer to all, of the answers to the parts in their order."""
        data = [each for part in parts for each in part.data]
        for index, each in enumerate(data):
            each.index = index
        return EmbeddingsResponse(data=data, model=parts[0].model, usage=_sum(parts))


class ClassifyJob(ClassifyRequest):
    """As `POST /v1/classify`, with more texts. The labels are read anew with each part."""

    kind: Literal["classify"]
    texts: Inputs = Field(examples=[["My card was charged twice."]])

    @property
    def total(self) -> int:
        return len(self.texts)

    def check(self, engine: Engine) -> None:
        """Nothing that the schema has not told."""

    def begin(self, engine: Engine, start: int) -> Running[Classifications, ClassifyResponse]:
        """The part that begins there. Raises as `inference.classify` does."""
        texts = self.texts[start : start + PART]
        return inference.classify(engine, self.model_copy(update={"texts": texts}))

    def whole(self, parts: Sequence[ClassifyResponse]) -> ClassifyResponse:
        """The answer to all, of the answers to the parts in their order."""
        data = [each for part in parts for each in part.data]
        for index, each in enumerate(data):
            each.index = index
        return ClassifyResponse(data=data, model=parts[0].model, usage=_sum(parts))


type JobRequest = EmbeddingsJob | ClassifyJob
type Answer = EmbeddingsResponse | ClassifyResponse

REQUEST: TypeAdapter[JobRequest] = TypeAdapter(
    Annotated[EmbeddingsJob | ClassifyJob, Field(discriminator="kind")]
)


def _sum(parts: Sequence[EmbeddingsResponse] | Sequence[ClassifyResponse]) -> TokenUsage:
    return TokenUsage.of(sum(part.usage.total_tokens for part in parts))


class Progress(BaseModel):
    done: int = Field(description="Texts that this attempt has worked on.")
    total: int


class Job(BaseModel):
    id: str
    object: Literal["job"] = "job"
    kind: Literal["embeddings", "classify"]
    status: Status
    progress: Progress
    attempts: int = Field(description="How often the work on it was begun.")
    created_at: datetime
    started_at: datetime | None = Field(description="The first attempt's begin.")
    finished_at: datetime | None
    expires_at: datetime | None = Field(
        description="From then on neither the job nor its result is kept."
    )
    error: Problem | None = Field(description="Why it has failed.")


class JobList(BaseModel):
    object: Literal["list"] = "list"
    data: list[Job] = Field(description="Newest first.")
    has_more: bool = Field(description="Ask on with `before`, the last one's id.")

    @classmethod
    def of(cls, found: Sequence[Job], limit: int) -> Self:
        """The first `limit` of those that were found; one more says that there are more."""
        return cls(data=list(found[:limit]), has_more=len(found) > limit)


class UnknownJob(IntelligenceError):
    """The caller has no such job, or has it no longer."""

    def __init__(self, job_id: str) -> None:
        super().__init__(f"there is no job {job_id}")


class KeyReused(IntelligenceError):
    """An idempotency key came with another request before."""

    def __init__(self) -> None:
        super().__init__("this Idempotency-Key was sent with another request before")


class Unfinished(IntelligenceError):
    """There is no result: not yet, or not ever.

    Attributes:
        status: what the job is instead of succeeded.
    """

    def __init__(self, status: Status) -> None:
        super().__init__(f"the job is {status}")
        self.status = status

    @property
    def pending(self) -> bool:
        return self.status in ("queued", "running")


class Ended(IntelligenceError):
    """The job has an end already, and cannot be cancelled."""

    def __init__(self, status: Status) -> None:
        super().__init__(f"the job has {status}")


IdempotencyKey = Annotated[
    str,
    Field(
        max_length=255,
        pattern=r"^[!-~]([ -~]*[!-~])?$",
        description="Made up by you for one request: sent again with it, it gives the same job "
        "(draft-ietf-httpapi-idempotency-key-header).",
    ),
]


def new_id() -> str:
    """Cannot be guessed, and sorts by time, to the millisecond."""
    return f"job_{time.time_ns() // 1_000_000:012x}{secrets.token_hex(8)}"


def digest(request: JobRequest) -> str:
    """The same of two requests that ask for the same, however they are written."""
    return hashlib.sha256(request.model_dump_json().encode()).hexdigest()


def refused(running: Running[Any, Any], error: InputRefused, start: int) -> InvalidInput:
    """What the model refused of the part that begins there, by its place in the whole request."""
    refusal = running.refused(error)
    match refusal.location:
        case ("input" | "texts" as field, int(index)):
            return InvalidInput((field, start + index), str(refusal))
    return refusal


def verdict(error: Exception) -> Problem | None:
    """What a job fails with at once, because it would again; None: another attempt may go well."""
    match error:
        case InvalidInput():
            violation = Violation(location=["body", *error.location], message=str(error))
            return Problem.of(422, "the request does not validate", [violation])
        case UnknownModel():
            return Problem.of(404, str(error))
    return None


def unread() -> Problem:
    """Of a job that waited for an earlier version, which took what this one does not."""
    return Problem.of(422, "this version of the service does not take the request: ask anew")


def given_up(failures: int) -> Problem:
    """Of a job whose attempts have all failed, or were left by their workers."""
    return Problem.of(500, f"given up after {failures} attempts")


def pause(failures: int) -> float:
    """Seconds until the next attempt, after so many that failed: of random length, so that what
    failed together is not tried together
    (https://aws.amazon.com/builders-library/timeouts-retries-and-backoff-with-jitter/)."""
    return random.uniform(0, min(LONGEST_PAUSE, 2.0**failures))  # noqa: S311 - no secret
