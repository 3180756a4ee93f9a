"""What writes an answer, and what it writes."""

from collections.abc import AsyncGenerator, Sequence
from dataclasses import dataclass
from typing import Literal, Protocol

from intelligence.retrieval.ports import Passage

type Role = Literal["system", "user", "assistant"]


@dataclass(frozen=True, slots=True)
class Message:
    role: Role
    content: str


@dataclass(frozen=True, slots=True)
class Question:
    """What is to be answered.

    Attributes:
        messages: the conversation, oldest first; the last is the user's.
        passages: what was found for it, best first. An answer cites them as [1], [2], …
        max_tokens: after so many the answer is cut off; None: the model's own limit.
        temperature: 0 to 2; None: the model's own. A model that draws no lots ignores it.
    """

    messages: Sequence[Message]
    passages: Sequence[Passage]
    max_tokens: int | None = None
    temperature: float | None = None


@dataclass(frozen=True, slots=True)
class Piece:
    """The next words of an answer; never empty."""

    text: str


@dataclass(frozen=True, slots=True)
class Done:
    """The end of an answer.

    Attributes:
        reason: length: `max_tokens` cut it off.
        input_tokens: what the model read, as its tokenizer counts.
        output_tokens: what it wrote.
    """

    reason: Literal["stop", "length"]
    input_tokens: int
    output_tokens: int


class Generator(Protocol):
    """A model that writes. `intelligence.testing.generator` says what every one keeps."""

    @property
    def model(self) -> str: ...

    @property
    def prompt(self) -> str | None:
        """Name and version of the prompt that it is given, see `prompts`; None: it takes none."""
        ...

    def write(self, question: Question) -> AsyncGenerator[Piece | Done]:
        """Pieces, then one Done. Closing the generator ends the work, also that of a server.

        Raises InputRefused, Overloaded, NotReady and ModelError before the first piece, and from
        then on InferenceFailed alone, which says how many tokens it cost as far as that is known.
        """
        ...

    async def close(self) -> None: ...
