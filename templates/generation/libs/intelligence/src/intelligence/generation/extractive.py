"""Answers that are quoted, not written: those sentences of the passages that are nearest in meaning
to the question, each with the number of its passage.

It needs no model but the one that embeds, makes nothing up, and says so: it has no words of its own
but "The documents say" and "nothing about this".
"""

import re
from collections import OrderedDict
from collections.abc import AsyncGenerator, Mapping, Sequence

import numpy as np

from intelligence.engine import Engine
from intelligence.generation.finding import QUERY_CHARACTERS
from intelligence.generation.ports import Done, Piece, Question
from intelligence.generation.waiting import result_of
from intelligence.ports import Vector
from intelligence.retrieval.ports import Passage

MODEL = "extractive"
LEAD = "The documents say:"
NOTHING = "I found nothing about this in the documents."

SENTENCES = 3  # at most in an answer
CANDIDATES = 32  # at most compared, from the best passages first
REMEMBERED = 4096  # sentences whose vectors are kept: 6 MB of 384 numbers, and their texts
RELEVANT = 0.35  # cosine; unrelated sentences of the shipped model's stay below

SENTENCE_ENDS = re.compile(r"(?<=[.!?…])\s+(?=[^a-z\s])|\n+")
MARKS = re.compile(r"^(?:[>*+|-]|\d+\.)\s+|\s*\|$")  # of Markdown: lists, quotations, tables
WORD = re.compile(r"\w+")
LEAST_WORDS = 4  # of what ends in no full stop; shorter are cells of tables, and commands


class ExtractiveGenerator:
    """An `intelligence.generation.ports.Generator`.

    Tokens are those of the model that embeds. Where only its runs tell how many they were, a word
    that is written or remembered counts as one, which is the least that it can be.
    """

    model = MODEL
    prompt = None

    def __init__(self, engine: Engine) -> None:
        self._engine = engine
        # Vector and tokens of a sentence, the least lately used first.
        self._read: OrderedDict[str, tuple[Vector, int]] = OrderedDict()

    async def write(self, question: Question) -> AsyncGenerator[Piece | Done]:
        """Raises what `Engine.embed` and its future do, and Expired."""
        text, read = await self._answer(question)
        written, special = 0, self._engine.count([""])
        for position, word in enumerate(text.split(" ")):
            tokens = max(1, self._engine.count([word]) - special)
            if question.max_tokens is not None and written + tokens > question.max_tokens:
                yield Done("length", read, written)
                return
            written += tokens
            yield Piece(f" {word}" if position else word)
        yield Done("stop", read, written)

    async def close(self) -> None:
        """There is nothing to close: the engine is its owner's."""

    async def _answer(self, question: Question) -> tuple[str, int]:
        """The answer, and how many tokens it stands on, remembered ones included."""
        candidates = _sentences(question.passages)
        if not candidates:
            return NOTHING, 0
        asked = question.messages[-1].content[-QUERY_CHARACTERS:]
        sentences = list(candidates)
        cosines, read = await self._cosines(asked, sentences)
        nearest = np.argsort(-cosines, kind="stable")[:SENTENCES]
        quoted = sorted(int(index) for index in nearest if cosines[index] >= RELEVANT)
        quotes = [f"{sentences[index]} [{candidates[sentences[index]]}]" for index in quoted]
        return " ".join([LEAD, *quotes]) if quotes else NOTHING, read

    async def _cosines(self, asked: str, sentences: Sequence[str]) -> tuple[Vector, int]:
        """Of each sentence with the question, and the tokens of all. The model reads those that it
        has not read lately."""
        known = {each: self._read[each] for each in sentences if each in self._read}
        new = [each for each in sentences if each not in known]
        remembered = sum(tokens for _, tokens in known.values())
        future = self._engine.embed([asked, *new])
        embeddings = await result_of(future, self._engine.timeout)
        query, *vectors = embeddings.vectors
        counts = [self._engine.count([each]) or len(each.split()) for each in new]
        known.update(zip(new, zip(vectors, counts, strict=True), strict=True))
        for each in sentences:
            self._read[each] = known[each]
            self._read.move_to_end(each)
        while len(self._read) > REMEMBERED:
            self._read.popitem(last=False)
        matrix = np.stack([known[each][0] for each in sentences])
        cosines: Vector = matrix @ query
        return cosines, embeddings.tokens + remembered


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
