"""What of the documents a question is answered from."""

from collections.abc import Sequence
from dataclasses import dataclass

from intelligence.engine import Engine
from intelligence.generation.ports import Message
from intelligence.generation.waiting import result_of
from intelligence.retrieval.ports import ChunkStore, Passage

PASSAGES = 4
"""More would dilute an answer: what is found in the fifth place is rarely what was asked for."""

QUERY_CHARACTERS = 250
"""Fit into what the embedded model reads, whatever the language."""


@dataclass(frozen=True, slots=True)
class Found:
    """Attributes:
    tokens: what the search cost, as in `intelligence.ports.Embeddings`.
    """

    passages: Sequence[Passage]
    tokens: int


async def find(engine: Engine, chunks: ChunkStore, messages: Sequence[Message]) -> Found:
    """The passages that fit best what the user wrote last.

    Raises what `Engine.embed` and its future do, and Expired.
    """
    asked = query(messages)
    embeddings = await result_of(engine.embed([asked]), engine.timeout)
    (vector,) = embeddings.vectors
    passages = await chunks.search(asked, vector, embeddings.model, PASSAGES)
    return Found(passages, embeddings.tokens)


def query(messages: Sequence[Message]) -> str:
    """The end of what the user wrote: "and by train?" needs the question before it."""
    written = [message.content for message in messages if message.role == "user"]
    return "\n".join(written)[-QUERY_CHARACTERS:]
