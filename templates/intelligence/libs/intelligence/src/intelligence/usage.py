"""What an inference cost, and the port through which a service writes it down."""

from collections.abc import Awaitable
from dataclasses import dataclass
from typing import Protocol


@dataclass(frozen=True, slots=True)
class Usage:
    """One request that the model answered, by a run or by what it had read before.

    Attributes:
        key_id: the API key that asked; None for a call of the system's own.
        operation: which capability, such as `embeddings`; at most 40 characters.
        model: the name of the model that ran.
        input_tokens: as the model's tokenizer counts, special tokens included, padding not.
        output_tokens: 0 for a model that writes no text.
        latency_ms: from the submission to the result, the time in the queue included.
        status: the HTTP status of the answer.
        first_token_ms: from the submission to the first words of a streamed answer; None for an
            answer that came whole.
    """

    key_id: str | None
    operation: str
    model: str
    input_tokens: int
    output_tokens: int
    latency_ms: float
    status: int
    first_token_ms: float | None = None


class UsageSink[Done: Awaitable[None] | None](Protocol):
    """Where usage goes. A sink must not fail the request that it accounts for.

    `record` is a coroutine where the service is asynchronous, and returns nothing where it is not.
    It may return before the usage is stored; what cannot be stored is logged. Stored with it is its
    cost by `intelligence.prices`, of the day on which it was recorded.
    `intelligence.testing.usage_sink` says what every sink keeps.
    """

    def record(self, usage: Usage) -> Done: ...
