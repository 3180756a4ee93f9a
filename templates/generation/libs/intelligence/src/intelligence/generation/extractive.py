"""Answers that are quoted, not written: those sentences of the passages that are nearest in meaning
to the question, each with the number of its passage.

It needs no model but the one that embeds, makes nothing up, and says so: it has no words of its own
but "The documents say" and "nothing about this".
"""

import re
from collections.abc import AsyncGenerator, Mapping, Sequence

from intelligence.engine import Engine
from intelligence.generation.finding import QUERY_CHARACTERS
from intelligence.generation.ports import Done, Piece, Question
from intelligence.generation.waiting import result_of
from intelligence.retrieval.ports import Passage

MODEL = "extractive"
LEAD = "The documents say:"
NOTHING = "I found nothing about this in the documents."

SENTENCES = 3  # at most in an answer
CANDIDATES = 32  # at most ranked, from the best passages first
RELEVANT = 0.35  # cosine; unrelated sentences of the shipped model's stay below

SENTENCE_ENDS = re.compile(r"(?<=[.!?…])\s+(?=[^a-z\s])|\n+")
MARKS = re.compile(r"^(?:[>*+|-]|\d+\.)\s+|\s*\|$")  # of Markdown: lists, quotations, tables
WORD = re.compile(r"\w+")
LEAST_WORDS = 4  # of what ends in no full stop; shorter are cells of tables, and commands


class ExtractiveGenerator:
    """An `intelligence.generation.ports.Generator`."""

    model = MODEL
    prompt = None

    def __init__(self, engine: Engine) -> None:
        self._engine = engine

    async def write(self, question: Question) -> AsyncGenerator[Piece | Done]:
        """Raises what `Engine.rank` and its future do, and Expired."""
        text, read = await self._answer(question)
        written, special = 0, self._engine.count([""])
        for position, word in enumerate(text.split(" ")):
            tokens = self._engine.count([word]) - special
            if question.max_tokens is not None and written + tokens > question.max_tokens:
                yield Done("length", read, written)
                return
            written += tokens
            yield Piece(f" {word}" if position else word)
        yield Done("stop", read, written)

    async def close(self) -> None:
        """There is nothing to close: the engine is its owner's."""

    async def _answer(self, question: Question) -> tuple[str, int]:
        """The answer, and how many tokens were read for it."""
        candidates = _sentences(question.passages)
        if not candidates:
            return NOTHING, 0
        asked = question.messages[-1].content[-QUERY_CHARACTERS:]
        future = self._engine.rank(asked, list(candidates), SENTENCES)
        ranking = await result_of(future, self._engine.timeout)
        sentences = list(candidates.items())
        quoted = sorted(match.index for match in ranking.matches if match.score >= RELEVANT)
        if not quoted:
            return NOTHING, ranking.tokens
        quotes = [f"{sentences[index][0]} [{sentences[index][1]}]" for index in quoted]
        return " ".join([LEAD, *quotes]), ranking.tokens


def _sentences(passages: Sequence[Passage]) -> Mapping[str, int]:
    """Sentence to the number of the passage in which it comes first, in the order of reading."""
    found: dict[str, int] = {}
    for number, passage in enumerate(passages, 1):
        for sentence in SENTENCE_ENDS.split(passage.text):
            text = MARKS.sub("", " ".join(sentence.split()))
            if _says_something(text) and len(found) < CANDIDATES:
                found.setdefault(text, number)
    return found


def _says_something(text: str) -> bool:
    """A heading names what is said below it."""
    if text.startswith("#"):
        return False
    return text.endswith((".", "!", "?", "…")) or len(WORD.findall(text)) >= LEAST_WORDS
