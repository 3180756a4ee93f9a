"""The chat API without HTTP, on made-up models."""

import asyncio
import json
from collections.abc import AsyncGenerator, Coroutine, Iterator, Sequence
from datetime import UTC, datetime
from typing import Any, cast

import pytest

from intelligence.api.asking import CLIENT_LEFT, InvalidInput, UnknownModel
from intelligence.api.chat import (
    HISTORY,
    Answer,
    ChatRequest,
    Desk,
    UnknownConversation,
    begin,
)
from intelligence.conversations import Conversation, ConversationStore, Entry
from intelligence.engine import Engine
from intelligence.errors import InferenceFailed, InputRefused, Overloaded
from intelligence.generation.ports import Done, Message, Piece, Question
from intelligence.ports import Vector
from intelligence.retrieval.ports import ChunkStore, Passage
from intelligence.testing.embedder import MadeUpEmbedder
from intelligence.usage import Usage

GUARD = 10.0  # seconds, against a hang
READ = 2  # tokens of the question, by which the passages are found

PASSAGE = Passage("refunds", "Refunds", None, 0, "Five days.", 0.5)
END = Done("stop", 5, 3)
NOW = datetime.now(UTC)


class OnePassage:
    """As much of a ChunkStore as is asked for."""

    async def search(self, query: str, vector: Vector, model: str, limit: int) -> Sequence[Passage]:
        return [PASSAGE]


class OneConversation:
    """As much of a ConversationStore as is asked for: one of everybody's, whose id is `known`."""

    def __init__(self, *entries: Entry) -> None:
        self.kept = [*entries]
        self.deleted = False

    async def begin(self, key_id: str, entries: Sequence[Entry]) -> str:
        self.kept += entries
        return "known"

    async def append(self, key_id: str, conversation_id: str, entries: Sequence[Entry]) -> bool:
        if not self.deleted:
            self.kept += entries
        return not self.deleted

    async def get(
        self, key_id: str, conversation_id: str, *, last: int
    ) -> tuple[Conversation, Sequence[Entry]] | None:
        known = Conversation("known", NOW, NOW)
        return (known, self.kept[-last:]) if conversation_id == "known" else None


class MadeUpGenerator:
    """Writes what it is told to, and raises what comes among it."""

    model = "made-up"
    prompt = "answer-7"

    def __init__(self, *script: Piece | Done | BaseException) -> None:
        self.script = script
        self.question: Question | None = None
        self.closed = False

    async def write(self, question: Question) -> AsyncGenerator[Piece | Done]:
        self.question = question
        try:
            for each in self.script:
                if isinstance(each, BaseException):
                    raise each
                yield each
        finally:
            self.closed = True

    async def close(self) -> None:
        pass


class Ledger:
    """An `intelligence.usage.UsageSink`."""

    def __init__(self) -> None:
        self.rows: list[tuple[int, int, int]] = []

    async def record(self, usage: Usage) -> None:
        assert (usage.key_id, usage.operation, usage.model) == ("ak_1", "chat", "made-up")
        assert usage.latency_ms > 0
        self.rows.append((usage.input_tokens, usage.output_tokens, usage.status))


@pytest.fixture(scope="module")
def engine() -> Iterator[Engine]:
    engine = Engine(MadeUpEmbedder)
    engine.start().result(GUARD)
    yield engine
    engine.close(GUARD)


class Table:
    """A desk, and what stands on it."""

    def __init__(self, engine: Engine, *script: Piece | Done | BaseException) -> None:
        self.generator = MadeUpGenerator(*script)
        self.conversations = OneConversation()
        self.ledger = Ledger()
        self.desk = Desk(
            engine,
            self.generator,
            cast("ChunkStore", OnePassage()),
            cast("ConversationStore", self.conversations),
            self.ledger,
            "ak_1",
        )

    async def begin(self, **changes: Any) -> Answer:
        messages = [{"role": "user", "content": "how long?"}]
        body = {"model": "made-up", "messages": messages} | changes
        return await begin(self.desk, ChatRequest.model_validate(body))


def run[R](work: Coroutine[Any, Any, R]) -> R:
    return asyncio.run(asyncio.wait_for(work, GUARD))


def test_a_generator_gets_the_conversation_the_passages_and_the_limits(engine: Engine) -> None:
    table = Table(engine, Piece("Five"), END)
    parts = [{"type": "text", "text": text} for text in ("how", "long?")]
    messages = [{"role": "developer", "content": "Be brief."}, {"role": "user", "content": parts}]
    run(table.begin(messages=messages, max_tokens=9, max_completion_tokens=7, temperature=0.5))
    assert table.generator.question == Question(
        [Message("system", "Be brief."), Message("user", "how\nlong?")], [PASSAGE], 7, 0.5
    )


def test_a_kept_conversation_goes_before_by_its_newest_messages(engine: Engine) -> None:
    table = Table(engine, Piece("Five"), END)
    table.conversations.kept = [Entry("user", str(n)) for n in range(HISTORY + 1)]
    run(table.begin(conversation="known"))
    assert table.generator.question is not None
    contents = [message.content for message in table.generator.question.messages]
    assert contents == [*map(str, range(1, HISTORY + 1)), "how long?"]


def test_what_is_not_there_is_refused(engine: Engine) -> None:
    table = Table(engine, END)
    with pytest.raises(UnknownConversation):
        run(table.begin(conversation="another"))
    with pytest.raises(UnknownModel, match="only 'made-up'"):
        run(table.begin(model="another"))
    assert table.ledger.rows == []


@pytest.mark.parametrize(
    ("raised", "expected", "status"),
    [
        (InputRefused("too long"), InvalidInput, 422),
        (Overloaded("full"), Overloaded, 503),
        (InferenceFailed(0), InferenceFailed, 500),
        (ZeroDivisionError(), ZeroDivisionError, 500),
        (asyncio.CancelledError(), asyncio.CancelledError, CLIENT_LEFT),
    ],
)
def test_what_fails_before_the_first_word_has_cost_the_search(
    engine: Engine, raised: BaseException, expected: type[BaseException], status: int
) -> None:
    table = Table(engine, raised)
    with pytest.raises(expected):
        run(table.begin())
    assert table.ledger.rows == [(READ, 0, status)]


def test_an_answer_that_is_whole_is_kept_with_what_wrote_it(engine: Engine) -> None:
    table = Table(engine, Piece("Five "), Piece("days. [1]"), END)

    async def whole() -> Any:
        return await (await table.begin(store=True)).whole()

    completion = run(whole())
    assert completion.choices[0].message.content == "Five days. [1]"
    assert completion.conversation == "known"
    question, answer = table.conversations.kept
    assert question == Entry("user", "how long?")
    assert (answer.content, answer.model) == ("Five days. [1]", "made-up")
    assert answer.prompt == "answer-7"
    assert [citation.document_id for citation in answer.citations] == ["refunds"]
    assert table.ledger.rows == [(READ + 5, 3, 200)]


def test_a_conversation_that_was_deleted_meanwhile_stays_deleted(engine: Engine) -> None:
    table = Table(engine, Piece("Five"), END)

    async def whole() -> Any:
        answer = await table.begin(conversation="known")
        table.conversations.deleted = True
        return await answer.whole()

    assert run(whole()).conversation is None
    assert table.conversations.kept == []


async def streamed(table: Table, **changes: Any) -> list[bytes]:
    answer = await table.begin(stream=True, **changes)
    return [event async for event in answer.stream()]


def test_pieces_are_sent_as_they_are_written_whatever_is_in_them(engine: Engine) -> None:
    pieces = ['"', "\n\ndata: [DONE]\n\n", "ß 字 \u2028", "|"]
    table = Table(engine, *map(Piece, pieces), END)
    _, *events, _, done = run(streamed(table))
    assert done == b"data: [DONE]\n\n"
    chunks = [json.loads(event.removeprefix(b"data: ")) for event in events]
    assert [chunk["choices"][0]["delta"]["content"] for chunk in chunks] == pieces
    assert all(event.count(b"\n") == 2 for event in events)


def test_a_failure_is_the_last_event_of_a_stream(engine: Engine) -> None:
    table = Table(engine, Piece("Five"), InferenceFailed(0))
    *_, last = run(streamed(table, store=True))
    assert last.startswith(b"event: inference_failed\ndata: ")
    assert json.loads(last.split(b"data: ")[1])["error"]["code"] == "inference_failed"
    assert table.conversations.kept == []
    assert table.ledger.rows == [(READ, 1, 500)]


def test_a_stream_that_is_left_costs_what_was_written_until_then(engine: Engine) -> None:
    table = Table(engine, *[Piece("and ")] * 9, END)

    async def leave() -> None:
        stream = (await table.begin(stream=True, store=True)).stream()
        for _ in range(4):  # the beginning and three pieces
            await anext(stream)
        await stream.aclose()

    run(leave())
    assert table.generator.closed
    assert table.conversations.kept == []
    assert table.ledger.rows == [(READ, 3, CLIENT_LEFT)]


def test_a_stream_that_is_left_at_its_end_was_answered(engine: Engine) -> None:
    table = Table(engine, Piece("Five"), END)

    async def leave() -> None:
        stream = (await table.begin(stream=True)).stream()
        for _ in range(3):  # the beginning, the piece and the end
            await anext(stream)
        await stream.aclose()

    run(leave())
    assert table.ledger.rows == [(READ + 5, 3, 200)]


def test_an_answer_that_cannot_be_kept_is_the_services_failure(
    engine: Engine, monkeypatch: pytest.MonkeyPatch
) -> None:
    table = Table(engine, Piece("Five"), END)

    async def away(*_: object) -> str:
        raise OSError

    monkeypatch.setattr(table.conversations, "begin", away)
    with pytest.raises(OSError):  # noqa: PT011 - it has no words
        run(streamed(table, store=True))
    assert table.ledger.rows == [(READ + 5, 3, 500)]


@pytest.mark.parametrize("failure", [InferenceFailed(0), ZeroDivisionError()])
def test_an_answer_that_fails_whole_is_an_error(engine: Engine, failure: Exception) -> None:
    table = Table(engine, Piece("Five"), failure)

    async def whole() -> None:
        await (await table.begin()).whole()

    with pytest.raises(type(failure)):
        run(whole())
    assert table.ledger.rows == [(READ, 1, 500)]
