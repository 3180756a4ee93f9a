"""Quoted answers, on the embedded model."""

import asyncio
from collections.abc import Iterator, Sequence
from concurrent.futures import Future
from typing import override

import pytest

from intelligence import embedded
from intelligence.engine import Engine
from intelligence.generation import extractive
from intelligence.generation.extractive import (
    CANDIDATES,
    LEAD,
    NOTHING,
    SENTENCES,
    ExtractiveGenerator,
)
from intelligence.generation.ports import Done, Message, Piece, Question
from intelligence.ports import Embeddings
from intelligence.retrieval.ports import Passage
from intelligence.testing.embedder import MadeUpEmbedder, Read
from intelligence.testing.generator import GeneratorContract

GUARD = 10.0  # seconds, against a hang

REFUNDS = "Refunds go to the card.\nA refund takes five working days. Ask for a receipt."
HOURS = "The shop opens at nine. It closes at six, e.g. on Mondays."


def passage(text: str) -> Passage:
    return Passage("id", "title", None, 0, text, 0.5)


def question(text: str, *passages: str, max_tokens: int | None = None) -> Question:
    found = [passage(each) for each in passages]
    return Question([Message("user", text)], found, max_tokens)


@pytest.fixture(scope="module")
def engine() -> Iterator[Engine]:
    engine = Engine(embedded.load)
    engine.start().result(GUARD)
    yield engine
    engine.close(GUARD)


def written(
    engine: Engine, question: Question, generator: ExtractiveGenerator | None = None
) -> tuple[str, Done]:
    async def collect() -> list[Piece | Done]:
        events = (generator or ExtractiveGenerator(engine)).write(question)
        return [event async for event in events]

    *pieces, done = asyncio.run(collect())
    assert isinstance(done, Done)
    return "".join(piece.text for piece in pieces if isinstance(piece, Piece)), done


class TestGenerator(GeneratorContract):
    @pytest.fixture
    @override
    def generator(self, engine: Engine) -> ExtractiveGenerator:
        return ExtractiveGenerator(engine)


def test_the_nearest_sentences_are_quoted_with_their_passage(engine: Engine) -> None:
    text, done = written(engine, question("How long does a refund take?", HOURS, REFUNDS))
    assert text.startswith(LEAD)
    assert "A refund takes five working days. [2]" in text
    assert "[1]" not in text
    assert done.reason == "stop"
    assert done.input_tokens > done.output_tokens > 0


def test_quotes_stand_in_the_order_of_the_passages_and_are_few(engine: Engine) -> None:
    many = " ".join(f"Refund number {n} takes {n} days." for n in range(1, 9))
    text, _ = written(engine, question("How long does a refund take?", many, REFUNDS))
    numbers = [int(part[0]) for part in text.split("[")[1:]]
    assert len(numbers) == SENTENCES
    assert numbers == sorted(numbers)


def test_a_sentence_of_two_passages_is_quoted_once(engine: Engine) -> None:
    text, _ = written(engine, question("How long does a refund take?", REFUNDS, REFUNDS))
    assert text.count("five working days") == 1


@pytest.mark.parametrize("passages", [(), (HOURS,)])
def test_what_fits_badly_is_not_quoted(engine: Engine, passages: tuple[str, ...]) -> None:
    text, _ = written(engine, question("Who composed nine symphonies?", *passages))
    assert text == NOTHING


def test_an_abbreviation_ends_no_sentence(engine: Engine) -> None:
    text, _ = written(engine, question("When does it close?", HOURS))
    assert "It closes at six, e.g. on Mondays. [1]" in text


def test_marks_and_headings_of_markdown_are_not_quoted(engine: Engine) -> None:
    page = (
        "# How long a refund takes\n\n- A refund takes five days.\n| refund | by card |\n"
        "| a refund by transfer | takes nine days |"
    )
    text, _ = written(engine, question("How long does a refund take?", page))
    assert text == (
        f"{LEAD} A refund takes five days. [1] a refund by transfer | takes nine days [1]"
    )


@pytest.fixture
def asked(engine: Engine, monkeypatch: pytest.MonkeyPatch) -> list[list[str]]:
    """What the model reads, request by request."""
    texts: list[list[str]] = []
    embed = engine.embed

    def noted(given: Sequence[str]) -> Future[Embeddings]:
        texts.append(list(given))
        return embed(given)

    monkeypatch.setattr(engine, "embed", noted)
    return texts


def test_no_more_sentences_are_read_than_the_model_has_time_for(
    engine: Engine, asked: list[list[str]]
) -> None:
    written(engine, question("How long?", " ".join(f"It takes {n} days." for n in range(100))))
    assert [len(texts) for texts in asked] == [1 + CANDIDATES]


def test_what_was_read_lately_is_not_read_again_and_answers_alike(
    engine: Engine, asked: list[list[str]], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(extractive, "REMEMBERED", 3)
    generator = ExtractiveGenerator(engine)

    def ask(*passages: str) -> tuple[str, Done]:
        return written(engine, question("How long does a refund take?", *passages), generator)

    first = ask(REFUNDS)
    assert ask(REFUNDS) == first
    assert asked[1:] == [["How long does a refund take?"]]
    ask(HOURS)
    assert ask(REFUNDS) == first
    assert len(asked[-1]) == 1 + 2  # one was the least lately used no longer


class Uncounted(Read):
    """Texts whose tokens the run will tell."""

    @property
    @override
    def tokens(self) -> int:
        return 0


class Remote(MadeUpEmbedder):
    """Asked elsewhere, which says afterwards what it read: 100 tokens a text."""

    @override
    def prepare(self, texts: Sequence[str]) -> Uncounted:
        return Uncounted(texts)

    @override
    def run(self, batch: Sequence[Read]) -> list[Embeddings]:
        return [
            Embeddings(self.vectors(each.texts), 100 * len(each.texts), self.model)
            for each in batch
        ]


def test_tokens_that_a_run_alone_tells_are_counted_and_bounded_all_the_same() -> None:
    engine = Engine(Remote)
    engine.start().result(GUARD)
    generator = ExtractiveGenerator(engine)
    asked, told = "How long does a refund take?", "A refund takes a week or so."  # alike to it
    text, done = written(engine, question(asked, told), generator)
    assert text == f"{LEAD} {told} [1]"
    assert done == Done("stop", 2 * 100, 3 + 7 + 1)
    _, again = written(engine, question(asked, told), generator)
    assert again == Done("stop", 100 + 7, 3 + 7 + 1)  # the sentence is remembered
    text, done = written(engine, question(asked, told, max_tokens=5), generator)
    assert (text, done.reason, done.output_tokens) == (f"{LEAD} A refund", "length", 5)
    engine.close(GUARD)


@pytest.mark.parametrize("most", [1, 5, 9])
def test_an_answer_ends_where_its_tokens_do(engine: Engine, most: int) -> None:
    asked = "How long does a refund take?"
    whole, done = written(engine, question(asked, REFUNDS))
    assert most < done.output_tokens
    text, done = written(engine, question(asked, REFUNDS, max_tokens=most))
    assert (done.reason, whole.startswith(text)) == ("length", True)
    assert done.output_tokens <= most


def test_a_long_question_is_asked_by_its_end(engine: Engine) -> None:
    asked = "word " * 1000 + "How long does a refund take?"
    text, _ = written(engine, question(asked, REFUNDS))
    assert "five working days" in text
