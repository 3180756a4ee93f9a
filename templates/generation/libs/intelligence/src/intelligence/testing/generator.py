"""What every `intelligence.generation.ports.Generator` keeps."""

import asyncio
import re
from collections.abc import Coroutine
from contextlib import aclosing
from dataclasses import replace

import pytest

from intelligence.generation.ports import Done, Generator, Message, Piece, Question
from intelligence.retrieval.ports import Passage

GUARD = 120.0  # seconds, against a hang

PASSAGES = [
    Passage("refunds", "Refunds", None, 0, "Refunds are paid within five days of the return.", 0.8),
    Passage("museum", "Opening hours", None, 0, "The museum opens at nine in the morning.", 0.3),
]


def asked(text: str) -> Question:
    return Question([Message("user", text)], PASSAGES, max_tokens=64, temperature=0)


async def written(generator: Generator, question: Question) -> tuple[list[Piece], list[Done]]:
    """A whole answer; nothing comes behind its end."""
    pieces: list[Piece] = []
    ends: list[Done] = []
    async with aclosing(generator.write(question)) as answer:
        async for each in answer:
            if isinstance(each, Done):
                ends.append(each)
            else:
                assert not ends, "a piece came behind the end"
                pieces.append(each)
    return pieces, ends


def words(pieces: list[Piece]) -> str:
    return "".join(piece.text for piece in pieces)


class GeneratorContract:
    """Inherit it and give the fixture `generator`, and say what the model cannot do.

    Attributes:
        cuts_off: it keeps to `max_tokens`.
        counts: it says how many tokens an answer took.
    """

    cuts_off = True
    counts = True

    @pytest.fixture
    def generator(self) -> Generator:
        raise NotImplementedError("the class that inherits this says what is under test")

    @pytest.fixture
    def question(self) -> Question:
        return asked("When are refunds paid?")

    @pytest.fixture
    def another(self) -> Question:
        return asked("When does the museum open?")

    def run[T](self, generator: Generator, work: Coroutine[object, object, T]) -> T:
        """On an event loop of its own, and closes the generator."""

        async def all_of_it() -> T:
            try:
                return await asyncio.wait_for(work, GUARD)
            finally:
                await generator.close()

        return asyncio.run(all_of_it())

    def test_it_says_what_it_is(self, generator: Generator) -> None:
        assert generator.model
        assert generator.prompt is None or re.fullmatch(r"[a-z-]+-\d+", generator.prompt)
        asyncio.run(generator.close())

    def test_an_answer_is_pieces_and_then_its_end(
        self, generator: Generator, question: Question
    ) -> None:
        pieces, ends = self.run(generator, written(generator, question))
        assert pieces
        assert all(piece.text for piece in pieces)
        (end,) = ends
        assert end.reason in ("stop", "length")
        if self.counts:
            assert end.input_tokens > 0
            assert end.output_tokens > 0

    def test_a_conversation_and_a_question_without_passages_are_answered(
        self, generator: Generator, question: Question
    ) -> None:
        conversation = [
            Message("system", "Be brief."),
            *question.messages,
            Message("assistant", "Within five days [1]."),
            Message("user", "And if not?"),
        ]
        asking = replace(question, messages=conversation, passages=[])
        _, ends = self.run(generator, written(generator, asking))
        assert len(ends) == 1

    def test_an_answer_is_cut_off_after_so_many_tokens(
        self, generator: Generator, question: Question
    ) -> None:
        pieces, ends = self.run(generator, written(generator, replace(question, max_tokens=2)))
        (end,) = ends
        if self.cuts_off:
            assert end.reason == "length"
            assert len(words(pieces).split()) <= 2

    def test_an_answer_may_be_closed_early(self, generator: Generator, question: Question) -> None:
        async def close_early() -> list[Done]:
            answer = generator.write(question)
            assert isinstance(await anext(answer), Piece)
            await answer.aclose()
            with pytest.raises(StopAsyncIteration):
                await anext(answer)
            unread = generator.write(question)
            await unread.aclose()
            _, ends = await written(generator, question)
            return ends

        assert len(self.run(generator, close_early())) == 1

    def test_a_reader_may_be_cancelled(self, generator: Generator, question: Question) -> None:
        async def cancel() -> list[Done]:
            begun = asyncio.Event()

            async def read() -> None:
                async with aclosing(generator.write(question)) as answer:
                    await anext(answer)
                    begun.set()
                    await asyncio.Event().wait()

            reader = asyncio.create_task(read())
            await begun.wait()
            reader.cancel()
            with pytest.raises(asyncio.CancelledError):
                await reader
            _, ends = await written(generator, question)
            return ends

        assert len(self.run(generator, cancel())) == 1

    def test_answers_that_are_written_together_do_not_mix(
        self, generator: Generator, question: Question, another: Question
    ) -> None:
        async def apart_and_together() -> None:
            questions = [question, another]
            apart = [words((await written(generator, each))[0]) for each in questions]
            both = await asyncio.gather(*(written(generator, each) for each in questions))
            assert [words(pieces) for pieces, _ in both] == apart
            assert [len(ends) for _, ends in both] == [1, 1]

        self.run(generator, apart_and_together())
