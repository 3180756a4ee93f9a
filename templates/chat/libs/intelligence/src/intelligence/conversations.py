"""Conversations that are kept, and the port through which a service keeps them."""

import secrets
import time
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol

from intelligence.generation.ports import Role


@dataclass(frozen=True, slots=True)
class Citation:
    """A passage that an answer drew on.

    Attributes:
        index: as the answer cites it, [1] for 1.
        text: the passage.
    """

    index: int
    document_id: str
    title: str
    url: str | None
    text: str


@dataclass(frozen=True, slots=True)
class Entry:
    """What one side said.

    Attributes:
        model: what answered; None where a person wrote.
        prompt: name and version of the prompt that the model was given, if it takes one.
    """

    role: Role
    content: str
    model: str | None = None
    prompt: str | None = None
    citations: tuple[Citation, ...] = ()


@dataclass(frozen=True, slots=True)
class Conversation:
    """Attributes:
    id: later ones are greater.
    """

    id: str
    created_at: datetime
    changed_at: datetime


class ConversationStore(Protocol):
    """Whose conversation it is not, for him there is none.

    `intelligence.testing.conversation_store` says what every store keeps.
    """

    async def begin(self, key_id: str, entries: Sequence[Entry]) -> str:
        """Keeps a new conversation; returns its id."""
        ...

    async def append(self, key_id: str, conversation_id: str, entries: Sequence[Entry]) -> bool:
        """False, and nothing kept, if there is none."""
        ...

    async def get(
        self, key_id: str, conversation_id: str, *, last: int
    ) -> tuple[Conversation, Sequence[Entry]] | None:
        """With the `last` entries, oldest first; None if there is none."""
        ...

    async def all(self, key_id: str, *, before: str | None, limit: int) -> Sequence[Conversation]:
        """At most `limit` conversations that are older than `before`, newest first."""
        ...

    async def delete(self, key_id: str, conversation_id: str) -> bool:
        """False if there is none."""
        ...


def new_id() -> str:
    """Cannot be guessed, and sorts by time, to the millisecond."""
    return f"conv_{time.time_ns() // 1_000_000:012x}{secrets.token_hex(8)}"
