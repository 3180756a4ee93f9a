"""Answers of an OpenAI-compatible server, streamed
(https://platform.openai.com/docs/api-reference/chat/create).

OPENAI_TIMEOUT is how long a reader may wait: for the first piece of an answer, a free connection
and repetitions included, and then for each further one. A model that thinks before it writes needs
a long one. What is repeated, and when, `intelligence.openai_http` says; nothing is after the first
piece, for somebody has read it.
"""

import asyncio
import json
import logging
from collections.abc import AsyncGenerator, Callable, Mapping
from contextlib import AsyncExitStack, aclosing, asynccontextmanager, suppress
from functools import partial
from http import HTTPStatus
from time import monotonic
from typing import Any, Literal

import httpx2

from intelligence.errors import (
    Expired,
    InferenceFailed,
    InputRefused,
    IntelligenceError,
    ModelError,
    Overloaded,
    SettingError,
)
from intelligence.generation.event_stream import EventStream, TooLong
from intelligence.generation.ports import Done, Piece, Question
from intelligence.generation.prompts import Prompt
from intelligence.openai_http import (
    CONNECT_TIMEOUT,
    UNREAD,
    Again,
    Server,
    Tries,
    failure,
    failures,
    not_compatible,
    options,
    retry_after,
    unavailable,
)

PROMPT = "answer-1"
STREAMS = 64  # answers that are written at a time
MOST_WAITING = 64  # questions that wait until one of them ends
LINGER = 0.1  # seconds for the end of a body behind its last event: the connection serves again
QUOTED = 20  # characters by which a message is recognised in what the server says of it
TIMEOUT = httpx2.Timeout(None, connect=CONNECT_TIMEOUT)  # the rest is timed here, piece by piece

logger = logging.getLogger(__name__)


class OpenAIGenerator:
    """An `intelligence.generation.ports.Generator`, for one event loop; `configured` makes one.

    Args:
        model: the server's name for it.
    """

    def __init__(
        self, server: Server, model: str, *, transport: httpx2.AsyncBaseTransport | None = None
    ) -> None:
        self.model = model
        self._server = server
        self._prompt = Prompt.named(PROMPT)
        self._limit = "max_tokens"  # as every server calls it but OpenAI for its newer models
        self._http = httpx2.AsyncClient(**options(server, STREAMS), transport=transport)
        self._free = asyncio.Semaphore(STREAMS)
        self._waiting = 0

    @property
    def prompt(self) -> str:
        return self._prompt.name

    async def write(self, question: Question) -> AsyncGenerator[Piece | Done]:
        """As the port says. Where the server does not say what an answer cost, Done holds zeros."""
        deadline = monotonic() + self._server.timeout
        async with self._turn(deadline), AsyncExitStack() as connection:
            answer, text = await self._begun(question, deadline, connection)
            while text is not None:
                yield Piece(text)
                text = await self._next(answer)
            with suppress(TimeoutError, httpx2.RequestError, ModelError):
                async with asyncio.timeout(LINGER):
                    await answer.drain()
            yield Done(answer.reason or "stop", answer.input_tokens, answer.output_tokens)

    async def close(self) -> None:
        """Answers that are being written break off."""
        await self._http.aclose()

    @asynccontextmanager
    async def _turn(self, deadline: float) -> AsyncGenerator[None]:
        """One of STREAMS. Raises Overloaded where too many wait, and Expired."""
        if self._waiting >= MOST_WAITING:
            raise Overloaded(f"{self._waiting} questions are waiting")
        self._waiting += 1
        try:
            async with asyncio.timeout(deadline - monotonic()):
                await self._free.acquire()
        except TimeoutError:
            raise Expired(self._server.timeout) from None
        finally:
            self._waiting -= 1
        try:
            yield
        finally:
            self._free.release()

    async def _begun(
        self, question: Question, deadline: float, connection: AsyncExitStack
    ) -> tuple["_Answer", str | None]:
        """An answer, and its first words; `connection` is what is to be closed behind it."""
        tries = Tries(self._server, deadline)
        while True:
            pause = 0.0
            try:
                async with asyncio.timeout(deadline - monotonic()):
                    return await self._once(question, connection)
            except TimeoutError:
                raise unavailable(self._server, "no answer in time") from None
            except Again as again:
                pause = tries.pause(again)
            except _OtherName:
                self._limit = "max_completion_tokens"
            await connection.aclose()
            await asyncio.sleep(pause)

    async def _once(
        self, question: Question, connection: AsyncExitStack
    ) -> tuple["_Answer", str | None]:
        body = self._body(question)
        with failures(self._server):
            asked = self._http.stream("POST", "/chat/completions", json=body, timeout=TIMEOUT)
            response = await connection.enter_async_context(asked)
            if not response.is_success:
                content, after = await response.aread(), retry_after(response)
                raise self._failure(response.status_code, content, after, body)
            if not response.headers.get("Content-Type", "").startswith("text/event-stream"):
                raise not_compatible(self._server, "an answer is not streamed")
            events = await connection.enter_async_context(aclosing(self._events(response)))
            answer = _Answer(self._server, events)
            try:
                return answer, await answer.text()
            except _Reported as error:
                raise self._failure(error.status, error.content, 0.0, body) from None

    async def _events(self, response: httpx2.Response) -> AsyncGenerator[str]:
        stream = EventStream()
        try:
            async for chunk in response.aiter_bytes():
                for data in stream.feed(chunk):
                    yield data
        except TooLong as error:
            raise not_compatible(self._server, str(error)) from None
        for data in stream.close():
            yield data

    async def _next(self, answer: "_Answer") -> str | None:
        try:
            async with asyncio.timeout(self._server.timeout):
                return await answer.text()
        except (TimeoutError, httpx2.RequestError, IntelligenceError, Again, _Reported) as error:
            if answer.reason:  # all is said
                return None
            problem = str(error) or type(error).__name__
            variable = self._server.url_variable
            logger.warning("the server of %s broke an answer off: %s", variable, problem)
            raise InferenceFailed(answer.input_tokens + answer.output_tokens) from error

    def _body(self, question: Question) -> dict[str, Any]:
        """One system message, ahead of all others: many models take no more."""
        told = [self._prompt.about(question.passages)]
        told += [each.content for each in question.messages if each.role == "system"]
        messages = [
            {"role": each.role, "content": each.content}
            for each in question.messages
            if each.role != "system"
        ]
        body: dict[str, Any] = {
            "model": self.model,
            "messages": [{"role": "system", "content": "\n\n".join(told)}, *messages],
            "stream": True,
            "stream_options": {"include_usage": True},
        }
        if question.max_tokens is not None:
            body[self._limit] = question.max_tokens
        if question.temperature is not None:
            body["temperature"] = question.temperature
        return body

    def _failure(
        self, status: int, content: bytes, after: float, body: Mapping[str, Any]
    ) -> Exception:
        error = failure(self._server, "CHAT_MODEL", status, content, after)
        if not isinstance(error, InputRefused):
            return error
        if "max_tokens" in body and "max_completion_tokens" in str(error):
            return _OtherName()
        texts = [each["content"][:QUOTED] for each in body["messages"]]
        repeats = any(len(text) == QUOTED and text in str(error) for text in texts)
        return InputRefused(UNREAD if repeats else str(error))


class _OtherName(Exception):  # noqa: N818 - what it is about
    """The server has another name for `max_tokens`."""


class _Reported(Exception):  # noqa: N818 - what happened
    """The server sent an error where an answer's next words would be.

    Attributes:
        status: the HTTP status that it would have, had it come ahead of the answer.
    """

    def __init__(self, status: int, content: bytes) -> None:
        super().__init__(f"it reported an error ({status})")
        self.status = status
        self.content = content


class _Answer:
    """An answer as it comes in.

    Attributes:
        reason: why it ended; None until the server says so.
        input_tokens: as the server counts; 0 until it says so.
    """

    def __init__(self, server: Server, events: AsyncGenerator[str]) -> None:
        self.reason: Literal["stop", "length"] | None = None
        self.input_tokens = 0
        self.output_tokens = 0
        self._server = server
        self._events = events

    async def text(self) -> str | None:
        """The next words; None at the end."""
        async for data in self._events:
            if data == "[DONE]":
                self.reason = self.reason or "stop"
                return None
            if text := self._read(data):
                return text
        if self.reason is None:
            raise Again("the answer breaks off")
        return None

    async def drain(self) -> None:
        """Reads what follows the end, which is nothing."""
        async for _ in self._events:
            pass

    def _read(self, data: str) -> str:
        try:
            chunk = json.loads(data)
        except ValueError:
            raise not_compatible(self._server, "an event is no JSON") from None
        match chunk:
            case {"error": dict(error)} | ({"object": "error"} as error):
                raise _Reported(_status(error), data.encode())
            case {"error": str()}:
                raise _Reported(HTTPStatus.INTERNAL_SERVER_ERROR, data.encode())
        match chunk:
            case {"usage": {"prompt_tokens": int(read), "completion_tokens": int(written)}}:
                self.input_tokens, self.output_tokens = read, written
        match chunk:
            case {"choices": [{"finish_reason": str(reason)}, *_]}:
                self.reason = "length" if reason == "length" else "stop"
        match chunk:
            case {"choices": [{"delta": {"content": str(text)}}, *_]}:
                return text
        return ""


def _status(error: Mapping[str, Any]) -> int:
    """Servers put it into `code`; OpenAI writes a word there, and its kind of error into `type`."""
    match error:
        case {"code": int(code)} if HTTPStatus.BAD_REQUEST <= code < 600:
            return code
        case {"type": "invalid_request_error"}:
            return HTTPStatus.BAD_REQUEST
    return HTTPStatus.INTERNAL_SERVER_ERROR


def configured(server: Server, environ: Mapping[str, str]) -> Callable[[], OpenAIGenerator]:
    """With the server's model that CHAT_MODEL names. Raises SettingError."""
    model = environ.get("CHAT_MODEL")
    if not model:
        raise SettingError("CHAT_MODEL", "must be the server's name for the model that answers")
    return partial(OpenAIGenerator, server, model)
