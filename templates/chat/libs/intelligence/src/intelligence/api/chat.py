"""The chat API, whichever framework serves it: OpenAI's, so that its clients work unchanged
(https://platform.openai.com/docs/api-reference/chat/create), and answers from documents.

What a request asks for and this API does not do is refused; what would only steer the drawing of
lots (`seed`, `top_p`, penalties) is ignored. Beyond OpenAI's are `citations` and `conversation`.

An edge asks `Engine.admit` before it reads a body, finds the messages of a kept conversation, hands
all to `begin` and answers with `whole` or `stream`. It keeps no database session meanwhile.
`intelligence.testing.chat` holds it to that.
"""

import json
import secrets
import time
from collections.abc import AsyncGenerator, Awaitable, Mapping, Sequence
from contextlib import aclosing
from dataclasses import asdict, dataclass
from datetime import datetime
from time import perf_counter
from typing import Annotated, Any, Literal, Self

from pydantic import AfterValidator, BaseModel, BeforeValidator, Field, model_validator

from intelligence.api.asking import CLIENT_LEFT, InvalidInput, Storable, UnknownModel, storable
from intelligence.conversations import Citation, Conversation, ConversationStore, Entry
from intelligence.engine import Engine
from intelligence.errors import InputRefused, IntelligenceError, NotReady, Overloaded
from intelligence.generation.finding import find
from intelligence.generation.ports import Done, Generator, Message, Piece, Question, Role
from intelligence.retrieval.ports import ChunkStore
from intelligence.usage import Usage, UsageSink

MAX_MESSAGES = 100
MAX_CHARACTERS = 32_000  # of one message
MAX_TOKENS = 16_384  # of an answer
HISTORY = 40  # messages of a kept conversation that go into the next answer, the newest
PAGE = 100  # conversations in one answer, at most
ENTRIES = 1000  # of a conversation, at most, when it is read

NOT_DONE = ("tools", "functions", "logprobs", "stop", "audio", "modalities", "prediction")


def as_text(value: object) -> object:
    """Parts of text are one text (`[{"type": "text", "text": …}]`)."""
    if not isinstance(value, list):
        return value
    if not all(isinstance(part, dict) and part.get("type") == "text" for part in value):
        raise ValueError("only text can be read")
    return "\n".join(str(part.get("text", "")) for part in value)


class ChatMessage(BaseModel):
    role: Literal["system", "developer", "user", "assistant"] = Field(
        description="`developer` is OpenAI's newer name for `system`."
    )
    content: Annotated[str, BeforeValidator(as_text), AfterValidator(storable)] = Field(
        min_length=1, max_length=MAX_CHARACTERS, examples=["How long does a refund take?"]
    )

    def message(self) -> Message:
        role: Role = "system" if self.role == "developer" else self.role
        return Message(role, self.content)


class StreamOptions(BaseModel):
    include_usage: bool = Field(default=False, description="A last chunk with the usage.")


class ResponseFormat(BaseModel):
    type: Literal["text"]


class ChatRequest(BaseModel):
    model: str = Field(
        description="A model that writes, as `/v1/models` lists it; another gets 404.",
        examples=["extractive"],
    )
    messages: list[ChatMessage] = Field(
        min_length=1, max_length=MAX_MESSAGES, description="Oldest first; the last is the user's."
    )
    stream: bool = Field(default=False, description="Server-sent events, as they are written.")
    stream_options: StreamOptions | None = None
    max_completion_tokens: int | None = Field(default=None, ge=1, le=MAX_TOKENS)
    max_tokens: int | None = Field(
        default=None, ge=1, le=MAX_TOKENS, description="The older name of `max_completion_tokens`."
    )
    temperature: float | None = Field(default=None, ge=0, le=2)
    n: Literal[1] | None = Field(default=None, description="One answer to a request.")
    response_format: ResponseFormat | None = None
    store: bool | None = Field(default=None, description="Keep this conversation.")
    conversation: Storable | None = Field(
        default=None, max_length=40, description="Go on with a kept one; not OpenAI's."
    )

    @model_validator(mode="before")
    @classmethod
    def what_is_not_done(cls, value: object) -> object:
        if isinstance(value, dict):
            for name in NOT_DONE:
                if value.get(name):
                    raise ValueError(f"{name}: this API does not do that")
        return value

    @model_validator(mode="after")
    def the_last_is_the_users(self) -> Self:
        if self.messages[-1].role != "user":
            raise ValueError("the last message must be the user's")
        return self


class AnswerMessage(BaseModel):
    role: Literal["assistant"] = "assistant"
    content: str
    refusal: None = None


class Choice(BaseModel):
    index: Literal[0] = 0
    message: AnswerMessage
    finish_reason: Literal["stop", "length"] = Field(description="length: the tokens ran out.")
    logprobs: None = None


class ChatUsage(BaseModel):
    """Of the search, too; as the tokenizers of the models count."""

    prompt_tokens: int
    completion_tokens: int
    total_tokens: int


class CitationBody(BaseModel):
    index: int = Field(description="As the answer cites it: 1 for [1].")
    document_id: str
    title: str
    url: str | None
    text: str = Field(description="The passage that was found.")


class ChatCompletion(BaseModel):
    id: str
    object: Literal["chat.completion"] = "chat.completion"
    created: int = Field(description="Seconds since 1970, UTC.")
    model: str
    choices: list[Choice]
    usage: ChatUsage
    citations: list[CitationBody] = Field(description="What the answer was drawn from.")
    conversation: str | None = Field(description="The id under which it is kept, if it is.")


class ConversationBody(BaseModel):
    id: str
    object: Literal["conversation"] = "conversation"
    created_at: datetime
    changed_at: datetime


class ConversationList(BaseModel):
    object: Literal["list"] = "list"
    data: list[ConversationBody] = Field(description="Newest first.")
    has_more: bool = Field(description="Ask on with `before`, the last one's id.")

    @classmethod
    def of(cls, found: Sequence[Conversation], limit: int) -> Self:
        """The first `limit` of those that were found; one more says that there are more."""
        data = [ConversationBody(**asdict(each)) for each in found[:limit]]
        return cls(data=data, has_more=len(found) > limit)


class EntryBody(BaseModel):
    role: Role
    content: str
    model: str | None
    prompt: str | None = Field(description="Name and version of the prompt, if the model had one.")
    citations: list[CitationBody]


class ConversationEntries(ConversationBody):
    messages: list[EntryBody] = Field(description="The newest 1,000, oldest first.")

    @classmethod
    def of(cls, conversation: Conversation, entries: Sequence[Entry]) -> Self:
        messages = [EntryBody.model_validate(asdict(each)) for each in entries]
        return cls(**asdict(conversation), messages=messages)


class UnknownConversation(IntelligenceError):  # noqa: N818 - named for what happened, as `errors` are
    """There is no such conversation, or it is somebody else's."""

    def __init__(self, conversation_id: str) -> None:
        super().__init__(f"there is no conversation {conversation_id!r}")


@dataclass(frozen=True, slots=True)
class Desk:
    """What an edge puts at the disposal of one request.

    Attributes:
        key_id: who asks.
    """

    engine: Engine
    generator: Generator
    chunks: ChunkStore
    conversations: ConversationStore
    sink: UsageSink[Awaitable[None]]
    key_id: str


async def begin(desk: Desk, body: ChatRequest) -> "Answer":
    """Looks for passages and waits for the first words, so that what fails is answered by a status.

    Raises UnknownModel, UnknownConversation, InvalidInput, NotReady, Overloaded, Expired and
    InferenceFailed. What was spent until then is recorded.
    """
    model = desk.generator.model
    if body.model != model:
        raise UnknownModel(f"{body.model!r} does not write here, only {model!r}")
    messages = [each.message() for each in body.messages]
    if body.conversation is not None:
        kept = await desk.conversations.get(desk.key_id, body.conversation, last=HISTORY)
        if kept is None:
            raise UnknownConversation(body.conversation)
        _, said = kept
        messages = [*(Message(entry.role, entry.content) for entry in said), *messages]
    answer = Answer(desk, body)
    try:
        await answer.begin(messages)
    except InputRefused as error:
        await answer.account(422)
        raise InvalidInput.of(error, ("messages",)) from error
    except (NotReady, Overloaded):
        await answer.account(503)
        raise
    except Exception:
        await answer.account(500)
        raise
    except BaseException:  # cancelled: nobody waits for it
        await answer.account(CLIENT_LEFT)
        raise
    return answer


class Answer:
    """An answer that has begun: take it `whole` or as a `stream`, once.

    Either keeps the conversation, if that was asked for, before it says that the answer has ended,
    and records what it cost, also if nobody waits for the end. A stream that is left early must be
    closed (`aclose`).
    """

    def __init__(self, desk: Desk, body: ChatRequest) -> None:
        self._desk = desk
        self._body = body
        self._id = f"chatcmpl-{secrets.token_hex(12)}"
        self._created = int(time.time())
        self._started = perf_counter()
        self._events: AsyncGenerator[Piece | Done] = _nothing()
        self._first: Piece | Done | None = None
        self._citations: tuple[Citation, ...] = ()
        self._pieces: list[str] = []
        self._read = 0  # tokens
        self._written: int | None = None  # tokens; until they are known, a piece counts as one
        self._first_token_ms: float | None = None  # of a stream
        self._conversation: str | None = None  # under which it was kept

    async def begin(self, messages: Sequence[Message]) -> None:
        """Looks for passages and waits for the first piece. `begin` of this module asks for it."""
        desk, body = self._desk, self._body
        found = await find(desk.engine, desk.chunks, messages)
        self._read = found.tokens
        self._citations = tuple(
            Citation(index, each.document_id, each.title, each.url, each.text)
            for index, each in enumerate(found.passages, 1)
        )
        most = body.max_completion_tokens or body.max_tokens
        question = Question(messages, found.passages, most, body.temperature)
        self._events = desk.generator.write(question)
        self._first = await anext(self._events)
        if body.stream and isinstance(self._first, Piece):
            self._first_token_ms = self._milliseconds()

    async def account(self, status: int) -> None:
        """Records what was spent until now, if anything was."""
        written = len(self._pieces) if self._written is None else self._written
        if not self._read + written:
            return
        desk = self._desk
        usage = Usage(
            key_id=desk.key_id,
            operation="chat",
            model=desk.generator.model,
            input_tokens=self._read,
            output_tokens=written,
            latency_ms=self._milliseconds(),
            status=status,
            first_token_ms=self._first_token_ms,
        )
        await desk.sink.record(usage)

    async def whole(self) -> ChatCompletion:
        """Raises InferenceFailed."""
        (end,) = [event async for event in self._answered() if isinstance(event, Done)]
        message = AnswerMessage(content="".join(self._pieces))
        return ChatCompletion(
            id=self._id,
            created=self._created,
            model=self._desk.generator.model,
            choices=[Choice(message=message, finish_reason=end.reason)],
            usage=self._usage(),
            citations=self._cited(),
            conversation=self._conversation,
        )

    async def stream(self) -> AsyncGenerator[bytes]:
        """Server-sent events as OpenAI's. Encoded by hand: they are the bulk of the work.

        A failure is the last event, and `[DONE]` is missing.
        """
        yield self._chunk({"role": "assistant", "content": ""})
        before, _, after = self._chunk({"content": "|"}).partition(b'"|"')
        try:
            async with aclosing(self._answered()) as events:
                async for event in events:
                    if isinstance(event, Piece):
                        yield before + json.dumps(event.text).encode() + after
                    else:
                        yield self._chunk({}, event.reason)
        except IntelligenceError as error:
            yield failure("inference_failed", str(error))
            return
        if self._body.stream_options and self._body.stream_options.include_usage:
            yield self._sse({"choices": [], "usage": self._usage().model_dump()})
        yield b"data: [DONE]\n\n"

    async def _answered(self) -> AsyncGenerator[Piece | Done]:
        """The pieces and the end; what has to be kept is when the end comes out."""
        status = CLIENT_LEFT
        try:
            async with aclosing(self._events) as events:
                event = self._first
                while event is not None:
                    if isinstance(event, Piece):
                        self._pieces.append(event.text)
                    else:
                        self._read += event.input_tokens
                        self._written = event.output_tokens
                        await self._keep()
                        status = 200
                    yield event
                    event = await anext(events, None)
        except Exception:  # not what closes or cancels a generator
            status = 500
            raise
        finally:
            await self.account(status)

    async def _keep(self) -> None:
        body, desk = self._body, self._desk
        entries = [Entry(each.message().role, each.content) for each in body.messages]
        content, generator = "".join(self._pieces), desk.generator
        entries.append(
            Entry("assistant", content, generator.model, generator.prompt, self._citations)
        )
        if body.conversation is not None:
            if await desk.conversations.append(desk.key_id, body.conversation, entries):
                self._conversation = body.conversation  # else it was deleted meanwhile
        elif body.store:
            self._conversation = await desk.conversations.begin(desk.key_id, entries)

    def _chunk(self, delta: Mapping[str, str], reason: str | None = None) -> bytes:
        """The last one, which has a reason, also says what OpenAI's do not."""
        more: dict[str, Any] = {}
        if reason is not None:
            more["citations"] = [each.model_dump() for each in self._cited()]
            more["conversation"] = self._conversation
        choice = {"index": 0, "delta": delta, "logprobs": None, "finish_reason": reason}
        return self._sse({"choices": [choice]} | more)

    def _sse(self, more: Mapping[str, Any]) -> bytes:
        chunk = {
            "id": self._id,
            "object": "chat.completion.chunk",
            "created": self._created,
            "model": self._desk.generator.model,
        }
        return b"data: " + json.dumps({**chunk, **more}).encode() + b"\n\n"

    def _milliseconds(self) -> float:
        """Since it was asked for."""
        return (perf_counter() - self._started) * 1000

    def _usage(self) -> ChatUsage:
        written = self._written or 0
        return ChatUsage(
            prompt_tokens=self._read,
            completion_tokens=written,
            total_tokens=self._read + written,
        )

    def _cited(self) -> list[CitationBody]:
        return [CitationBody(**asdict(each)) for each in self._citations]


async def _nothing() -> AsyncGenerator[Piece | Done]:
    return
    yield


def failure(code: str, message: str) -> bytes:
    """The last event of a stream that does not come to its end; OpenAI's clients raise it."""
    error = {"message": message, "type": code, "param": None, "code": code}
    return f"event: {code}\ndata: {json.dumps({'error': error})}\n\n".encode()


SHUTDOWN = failure("server_shutdown", "the server is shutting down: ask again")
