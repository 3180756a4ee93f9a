"""Answers of a server that is made up: over a transport of the test's own, and on sockets."""

import asyncio
import json
import logging
import random
import traceback
from collections.abc import AsyncIterator, Callable, Iterator, Sequence
from contextlib import aclosing, contextmanager
from dataclasses import replace
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Event, Thread
from typing import Any, override

import httpx2
import pytest

from intelligence.errors import (
    Expired,
    InferenceFailed,
    InputRefused,
    ModelError,
    Overloaded,
    SettingError,
)
from intelligence.generation import openai
from intelligence.generation.openai import OpenAIGenerator, configured
from intelligence.generation.ports import Done, Message, Piece, Question
from intelligence.openai_http import CONNECT_TIMEOUT, PAUSES, Server, Unavailable
from intelligence.testing.generator import PASSAGES, GeneratorContract

KEY = "sk-hunter2-and-more"
URL = "https://models.test/v1"
GUARD = 10.0  # seconds, against a hang
SOON = 0.1  # seconds, for what is waited for in vain

QUESTION = Question([Message("user", "When are refunds paid?")], PASSAGES)

type Body = dict[str, Any]
type Reply = httpx2.Response | Exception


def delta(text: str | None = None, **more: object) -> Body:
    return {"choices": [{"index": 0, "delta": {"content": text}, "finish_reason": None} | more]}


def event(chunk: object) -> bytes:
    return f"data: {chunk if isinstance(chunk, str) else json.dumps(chunk)}\n\n".encode()


STOP = delta(finish_reason="stop")
USAGE: Body = {"choices": [], "usage": {"prompt_tokens": 70, "completion_tokens": 3}}
BEGUN = [delta("Within "), delta("five ")]
WHOLE = [delta("", role="assistant"), *BEGUN, delta("days."), STOP, USAGE, "[DONE]"]
SAID = [Piece("Within "), Piece("five "), Piece("days.")]


def streamed(*chunks: object, then: Exception | None = None) -> httpx2.Response:
    async def body() -> AsyncIterator[bytes]:
        for chunk in chunks:
            yield chunk if isinstance(chunk, bytes) else event(chunk)
        if then:
            raise then

    headers = {"Content-Type": "text/event-stream; charset=utf-8"}
    return httpx2.Response(200, headers=headers, content=body())


class Replies:
    """Replies in turn; keeps what it was asked."""

    def __init__(self, *replies: Reply) -> None:
        self.asked: list[httpx2.Request] = []
        self._replies = list(replies)

    async def __call__(self, request: httpx2.Request) -> httpx2.Response:
        self.asked.append(request)
        reply = self._replies.pop(0)
        if isinstance(reply, Exception):
            raise reply
        return reply

    @property
    def bodies(self) -> list[Body]:
        return [json.loads(request.content) for request in self.asked]


def generator(handler: Callable[..., Any], *, timeout: float = GUARD) -> OpenAIGenerator:
    server = Server(URL, KEY, timeout)
    return OpenAIGenerator(server, "qwen", transport=httpx2.MockTransport(handler))


async def everything(asking: OpenAIGenerator, question: Question = QUESTION) -> list[Piece | Done]:
    async with aclosing(asking.write(question)) as answer:
        return [each async for each in answer]


def write(*replies: Reply, question: Question = QUESTION) -> list[Piece | Done]:
    return asyncio.run(everything(generator(Replies(*replies)), question))


async def broken_off(asking: OpenAIGenerator) -> tuple[list[Piece | Done], InferenceFailed]:
    """What came of an answer, and what it ended with."""
    said: list[Piece | Done] = []

    async def read() -> None:
        async with aclosing(asking.write(QUESTION)) as answer:
            async for each in answer:
                said.append(each)  # noqa: PERF401 - kept when it breaks off

    with pytest.raises(InferenceFailed) as caught:
        await read()
    return said, caught.value


@pytest.fixture(autouse=True)
def pauses(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    """How long it would have waited at most before each repetition."""
    most: list[float] = []

    def none(least: float, greatest: float) -> float:
        most.append(greatest)
        return 0.0

    monkeypatch.setattr(random, "uniform", none)
    return most


class TestOpenAIGenerator(GeneratorContract):
    """On a server that repeats what it is asked, a word at a time."""

    @pytest.fixture
    @override
    def generator(self) -> OpenAIGenerator:
        async def repeat(request: httpx2.Request) -> httpx2.Response:
            body = json.loads(request.content)
            said = body["messages"][-1]["content"].split()[: body.get("max_tokens")]
            reason = "length" if len(said) == body.get("max_tokens") else "stop"
            usage = {"prompt_tokens": 9, "completion_tokens": len(said)}

            async def slowly() -> AsyncIterator[bytes]:
                for word in said:
                    await asyncio.sleep(0)
                    yield event(delta(f"{word} "))
                yield event(delta(finish_reason=reason)) + event({"choices": [], "usage": usage})

            headers = {"Content-Type": "text/event-stream"}
            return httpx2.Response(200, headers=headers, content=slowly())

        return generator(repeat)


def test_a_question_goes_to_the_server_with_passages_and_conversation() -> None:
    conversation = [
        Message("system", "Speak like a pirate."),
        Message("user", "Hello"),
        Message("assistant", "Ahoy"),
        Message("system", "Be brief."),
        Message("user", "When are refunds paid?"),
    ]
    replies = Replies(streamed(*WHOLE), streamed(*WHOLE))
    asking = generator(replies)
    question = Question(conversation, PASSAGES, max_tokens=7, temperature=0)
    asyncio.run(everything(asking, question))
    (request,), (body,) = replies.asked, replies.bodies
    assert (request.method, str(request.url)) == ("POST", f"{URL}/chat/completions")
    assert request.headers["Authorization"] == f"Bearer {KEY}"
    assert request.extensions["timeout"]["connect"] == CONNECT_TIMEOUT
    told = body["messages"].pop(0)
    assert told["role"] == "system"
    assert f"[1]\n<passage>\nRefunds\n\n{PASSAGES[0].text}\n</passage>\n\n[2]\n" in told["content"]
    assert told["content"].endswith("</passage>\n\nSpeak like a pirate.\n\nBe brief.")
    assert body == {
        "model": "qwen",
        "messages": [
            {"role": "user", "content": "Hello"},
            {"role": "assistant", "content": "Ahoy"},
            {"role": "user", "content": "When are refunds paid?"},
        ],
        "stream": True,
        "stream_options": {"include_usage": True},
        "max_tokens": 7,
        "temperature": 0,
    }
    assert (asking.model, asking.prompt) == ("qwen", "answer-1")


def test_what_a_question_leaves_open_is_left_to_the_server() -> None:
    replies = Replies(streamed(*WHOLE))
    asyncio.run(everything(generator(replies)))
    assert replies.bodies[0].keys() == {"model", "messages", "stream", "stream_options"}


@pytest.mark.parametrize(
    ("chunks", "end"),
    [
        (WHOLE, Done("stop", 70, 3)),
        ([*WHOLE, delta("behind the end")], Done("stop", 70, 3)),
        ([*WHOLE, b"x" * 2_000_000], Done("stop", 70, 3)),
        ([*BEGUN, delta("days."), delta(finish_reason="length"), USAGE], Done("length", 70, 3)),
        ([*BEGUN, delta("days.", finish_reason="stop")], Done("stop", 0, 0)),
        ([*BEGUN, delta("days."), "[DONE]"], Done("stop", 0, 0)),
        (
            [*BEGUN, delta("days."), STOP | USAGE | {"choices": STOP["choices"]}],
            Done("stop", 70, 3),
        ),
        ([*BEGUN, delta("days."), delta(finish_reason="content_filter")], Done("stop", 0, 0)),
        ([*BEGUN, delta("days."), STOP, {"choices": [], "usage": None}], Done("stop", 0, 0)),
        ([b": wait\n\n", *BEGUN, delta("days."), STOP, {}, [], None, 7], Done("stop", 0, 0)),
        ([*BEGUN, delta(), delta("days."), {"choices": [{}]}, STOP, "[DONE]"], Done("stop", 0, 0)),
        ([*BEGUN, delta("days."), STOP, b"data: [DONE]"], Done("stop", 0, 0)),
    ],
)
def test_an_answer_of_any_server_is_pieces_and_its_end(chunks: Sequence[object], end: Done) -> None:
    assert write(streamed(*chunks)) == [*SAID, end]


def test_characters_may_be_cut_where_the_network_likes() -> None:
    body = b"".join(event(each) for each in (delta("für 5 €"), delta(" 🙂"), STOP))
    said = streamed(*(body[at : at + 1] for at in range(len(body))))
    assert write(said) == [Piece("für 5 €"), Piece(" 🙂"), Done("stop", 0, 0)]


def test_an_answer_may_be_empty() -> None:
    assert write(streamed(delta(""), STOP, USAGE)) == [Done("stop", 70, 3)]


@pytest.mark.parametrize(
    "reply",
    [
        httpx2.ConnectError("refused"),
        httpx2.ConnectTimeout("slow"),
        httpx2.ReadError("reset"),
        httpx2.Response(429),
        httpx2.Response(503),
        streamed(),
        streamed(delta(""), then=httpx2.ReadError("reset")),
        streamed({"error": {"message": "busy", "code": 503}}),
    ],
)
def test_a_call_is_repeated_until_its_first_piece(reply: Reply, pauses: list[float]) -> None:
    assert write(reply, streamed(*WHOLE)) == [*SAID, Done("stop", 70, 3)]
    assert pauses == [PAUSES[0]]


def test_repetitions_end(pauses: list[float]) -> None:
    replies = Replies(*(httpx2.Response(503) for _ in range(9)))
    with pytest.raises(Unavailable):
        asyncio.run(everything(generator(replies)))
    assert pauses == list(PAUSES)
    assert len(replies.asked) == 1 + len(PAUSES)


@pytest.mark.parametrize(
    ("reply", "error", "says"),
    [
        (httpx2.Response(401), ModelError, r"^OPENAI_API_KEY: not taken by the server"),
        (httpx2.Response(404), ModelError, r"^OPENAI_BASE_URL: .* CHAT_MODEL must name"),
        (httpx2.Response(302, headers={"Location": URL}), ModelError, "it answered 302"),
        (httpx2.Response(500), Unavailable, "it answered 500"),
        (httpx2.Response(200, json={"choices": []}), ModelError, "not streamed"),
        (streamed("no JSON"), ModelError, "no JSON"),
        (streamed({"error": "broken"}), Unavailable, "it answered 500"),
        (streamed({"error": {"message": "broken", "code": "odd"}}), Unavailable, "500"),
        (
            streamed({"error": {"message": "too long", "code": 400}}),
            InputRefused,
            "^too long$",
        ),
        (
            streamed({"object": "error", "message": "too long", "code": 400}),
            InputRefused,
            "^too long$",
        ),
        (
            streamed({"error": {"message": "too long", "type": "invalid_request_error"}}),
            InputRefused,
            "^too long$",
        ),
    ],
)
def test_what_no_other_try_can_mend_is_not_repeated(
    reply: Reply, error: type[Exception], says: str
) -> None:
    with pytest.raises(error, match=says):
        write(reply)


def test_a_conversation_that_is_too_long_is_refused_in_the_servers_words() -> None:
    said = "This model's maximum context length is 4096 tokens. You requested 5000."
    reply = httpx2.Response(400, json={"error": {"message": said}})
    with pytest.raises(InputRefused) as caught:
        write(reply, question=replace(QUESTION, messages=[Message("user", "ok")] * 999))
    assert str(caught.value) == said


def test_a_refusal_that_repeats_a_message_is_put_in_other_words() -> None:
    reply = httpx2.Response(
        400, json={"error": {"message": "I cannot read 'When are refunds paid"}}
    )
    with pytest.raises(InputRefused, match=r"^the model does not read this input$"):
        write(reply)


def test_a_server_that_has_another_name_for_max_tokens_is_asked_by_it_from_then_on() -> None:
    said = "Unsupported parameter: 'max_tokens'. Use 'max_completion_tokens' instead."
    refused = httpx2.Response(400, json={"error": {"message": said}})
    replies = Replies(refused, streamed(*WHOLE), streamed(*WHOLE))
    asking = generator(replies)

    async def twice() -> None:
        for _ in range(2):
            await everything(asking, replace(QUESTION, max_tokens=7))

    asyncio.run(twice())
    names = [[name for name in body if name.startswith("max")] for body in replies.bodies]
    assert names == [["max_tokens"], ["max_completion_tokens"], ["max_completion_tokens"]]


@pytest.mark.parametrize(
    "reply",
    [
        streamed(*BEGUN),
        streamed(*BEGUN, then=httpx2.ReadError("reset")),
        streamed(*BEGUN, "no JSON"),
        streamed(*BEGUN, {"error": {"message": f"{KEY} {PASSAGES[0].text}", "code": 503}}),
        streamed(*BEGUN, b"x" * 2_000_000),
    ],
)
def test_an_answer_that_breaks_off_is_not_repeated_and_an_operator_reads_it(
    reply: httpx2.Response, caplog: pytest.LogCaptureFixture
) -> None:
    replies = Replies(reply)
    pieces, failed = asyncio.run(broken_off(generator(replies)))
    assert pieces == SAID[:2]
    assert failed.tokens == 0
    assert len(replies.asked) == 1
    assert "the server of OPENAI_BASE_URL broke an answer off: " in caplog.text
    assert PASSAGES[0].text not in caplog.text


def test_what_a_broken_answer_cost_is_known_where_the_server_said_it() -> None:
    _, failed = asyncio.run(
        broken_off(generator(Replies(streamed(BEGUN[0] | {"usage": USAGE["usage"]}))))
    )
    assert failed.tokens == 73


@pytest.mark.parametrize("then", [httpx2.ReadError("reset"), httpx2.ReadTimeout("slow")])
def test_nothing_is_lost_behind_the_end(then: Exception) -> None:
    assert write(streamed(*BEGUN, delta("days."), STOP, then=then)) == [*SAID, Done("stop", 0, 0)]
    assert write(streamed(*WHOLE, then=then)) == [*SAID, Done("stop", 70, 3)]


@pytest.mark.parametrize(
    "reply",
    [
        httpx2.ConnectError("refused"),
        *(httpx2.Response(status, text=KEY) for status in (400, 401, 404, 500)),
        httpx2.Response(400, json={"error": {"message": f"the key {KEY} is not valid"}}),
        streamed({"error": {"message": f"the key {KEY} is not valid", "code": 400}}),
        streamed({"error": {"message": KEY, "code": 401}}),
        streamed(f"{KEY} is no JSON"),
        streamed(*BEGUN, {"error": {"message": KEY, "code": 401}}),
    ],
)
def test_the_key_is_in_no_error_log_or_repr(reply: Reply, caplog: pytest.LogCaptureFixture) -> None:
    asking = generator(Replies(*([reply] * 9)))
    with caplog.at_level(logging.DEBUG), pytest.raises(Exception, match=r"\w") as caught:
        asyncio.run(everything(asking))
    shown = "".join(traceback.format_exception(caught.value))
    for text in (shown, caplog.text, repr(asking), repr(vars(asking))):
        assert KEY not in text


def silent(*chunks: object) -> Callable[[httpx2.Request], httpx2.Response]:
    """A server that says no more behind these, and only shows that it is there."""

    def handle(request: httpx2.Request) -> httpx2.Response:
        async def body() -> AsyncIterator[bytes]:
            for chunk in chunks:
                yield event(chunk)
            while True:
                await asyncio.sleep(SOON / 10)
                yield b": here\n\n"

        return httpx2.Response(200, headers={"Content-Type": "text/event-stream"}, content=body())

    return handle


def test_a_first_piece_that_does_not_come_is_no_answer_in_time() -> None:
    with pytest.raises(Unavailable, match="in time"):
        asyncio.run(everything(generator(silent(delta("")), timeout=SOON)))


def test_a_further_piece_that_does_not_come_ends_the_answer() -> None:
    pieces, failed = asyncio.run(broken_off(generator(silent(*BEGUN), timeout=SOON)))
    assert pieces == SAID[:2]
    assert isinstance(failed.__cause__, TimeoutError)


def test_an_answer_whose_end_was_said_waits_for_nothing() -> None:
    said = asyncio.run(everything(generator(silent(*WHOLE))))
    assert said == [*SAID, Done("stop", 70, 3)]
    said = asyncio.run(everything(generator(silent(*BEGUN, STOP), timeout=SOON)))
    assert said == [*SAID[:2], Done("stop", 0, 0)]


def test_answers_beyond_the_bound_wait_and_beyond_that_are_refused(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(openai, "STREAMS", 2)
    monkeypatch.setattr(openai, "MOST_WAITING", 1)
    going_on = silent(*BEGUN)
    begun: list[httpx2.Request] = []

    def handle(request: httpx2.Request) -> httpx2.Response:
        begun.append(request)
        return going_on(request) if len(begun) <= 2 else streamed(*WHOLE)

    async def four() -> None:
        asking = generator(handle)
        first, second = asking.write(QUESTION), asking.write(QUESTION)
        for each in (first, second):
            await anext(each)
        third = asyncio.create_task(everything(asking))
        await asyncio.sleep(0)
        with pytest.raises(Overloaded, match="1 questions are waiting"):
            await everything(asking)
        assert len(begun) == 2
        await first.aclose()
        assert (await third)[-1] == Done("stop", 70, 3)
        assert (await everything(asking))[-1] == Done("stop", 70, 3)
        await second.aclose()

    asyncio.run(four())


def test_who_waits_too_long_is_told_so_and_makes_room(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(openai, "STREAMS", 1)

    async def wait() -> None:
        asking = generator(silent(*BEGUN), timeout=SOON)
        first = asking.write(QUESTION)
        await anext(first)
        for _ in range(2):
            with pytest.raises(Expired):
                await everything(asking)
        leaving = asyncio.create_task(everything(asking))
        await asyncio.sleep(0)
        leaving.cancel()
        with pytest.raises(asyncio.CancelledError):
            await leaving
        await first.aclose()
        assert await anext(asking.write(QUESTION)) == SAID[0]

    asyncio.run(wait())


def test_the_environment_names_the_model() -> None:
    server = Server(URL, KEY, 30)
    assert configured(server, {"CHAT_MODEL": "qwen"})().model == "qwen"
    for environ in ({}, {"CHAT_MODEL": ""}):
        with pytest.raises(SettingError, match=r"^CHAT_MODEL must be"):
            configured(server, environ)


class Listening(ThreadingHTTPServer):
    """Writes two pieces, and the rest unless it is to hold it back; notes who leaves."""

    daemon_threads = True

    def __init__(self, *, holds_back: bool) -> None:
        super().__init__(("127.0.0.1", 0), Handler)
        self.holds_back = holds_back
        self.connections = 0
        self.left = Event()

    @property
    def server(self) -> Server:
        return Server(f"http://127.0.0.1:{self.server_port}/v1", "", GUARD)


class Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    server: Listening

    @override
    def setup(self) -> None:
        super().setup()
        self.server.connections += 1

    def do_POST(self) -> None:
        self.rfile.read(int(self.headers["Content-Length"]))
        self.send_response(200)
        self.send_header("Content-Type", "text/event-stream")
        self.send_header("Transfer-Encoding", "chunked")
        self.end_headers()
        for each in BEGUN:
            self._chunk(event(each))
        if self.server.holds_back:
            if not self.connection.recv(1):  # nothing comes until the client closes
                self.server.left.set()
            self.close_connection = True
            return
        for rest in (delta("days."), STOP, USAGE, "[DONE]"):
            self._chunk(event(rest))
        self._chunk(b"")

    def _chunk(self, content: bytes) -> None:
        self.wfile.write(f"{len(content):x}\r\n".encode() + content + b"\r\n")

    @override
    def log_message(self, format: str, *args: object) -> None:
        pass


@contextmanager
def listening(*, holds_back: bool) -> Iterator[Listening]:
    with Listening(holds_back=holds_back) as listener:
        Thread(target=listener.serve_forever, daemon=True).start()
        try:
            yield listener
        finally:
            listener.shutdown()


async def closed_early(asking: OpenAIGenerator) -> None:
    answer = asking.write(QUESTION)
    await anext(answer)
    await answer.aclose()


async def cancelled_early(asking: OpenAIGenerator) -> None:
    """While it waits for the third piece."""
    begun = asyncio.Event()

    async def read() -> None:
        async with aclosing(asking.write(QUESTION)) as answer:
            async for each in answer:
                if each == SAID[1]:
                    begun.set()

    reader = asyncio.create_task(read())
    await begun.wait()
    await asyncio.sleep(0)
    reader.cancel()
    with pytest.raises(asyncio.CancelledError):
        await reader


@pytest.mark.parametrize("leave", [closed_early, cancelled_early])
def test_the_server_sees_at_once_that_nobody_reads_on(
    leave: Callable[[OpenAIGenerator], Any],
) -> None:
    """On sockets, and the generator stays open."""

    async def left(listener: Listening) -> bool:
        asking = OpenAIGenerator(listener.server, "qwen")
        try:
            async with asyncio.timeout(GUARD):
                await leave(asking)
                return await asyncio.to_thread(listener.left.wait, GUARD / 2)
        finally:
            await asking.close()

    with listening(holds_back=True) as listener:
        assert asyncio.run(left(listener))


def test_what_is_still_written_when_it_closes_breaks_off() -> None:
    """On sockets."""

    async def close(listener: Listening) -> None:
        asking = OpenAIGenerator(listener.server, "qwen")
        answer = asking.write(QUESTION)
        assert [await anext(answer), await anext(answer)] == SAID[:2]

        async def read_on() -> Piece | Done:
            return await anext(answer)

        reading = asyncio.create_task(read_on())
        await asyncio.sleep(0)
        await asking.close()
        with pytest.raises(InferenceFailed):
            await asyncio.wait_for(reading, GUARD)

    with listening(holds_back=True) as listener:
        asyncio.run(close(listener))


def test_answers_come_over_one_connection_and_past_no_proxy(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """On sockets."""
    monkeypatch.setenv("HTTP_PROXY", "http://127.0.0.1:9")

    async def three(listener: Listening) -> list[list[Piece | Done]]:
        asking = OpenAIGenerator(listener.server, "qwen")
        answers = [await everything(asking) for _ in range(3)]
        await asking.close()
        return answers

    with listening(holds_back=False) as listener:
        assert asyncio.run(three(listener)) == [[*SAID, Done("stop", 70, 3)]] * 3
        assert listener.connections == 1
