"""What one inference cost, and the port through which a service writes it down."""

from dataclasses import dataclass
from typing import Literal, Protocol

type Operation = Literal["embeddings", "classify", "similar"]


@dataclass(frozen=True, slots=True)
class Usage:
    """One answered request.

    Attributes:
        key_id: the API key that asked; None for a call of the system's own.
        operation: which capability.
        model: the name of the model that ran.
        input_tokens: as counted by the model's tokenizer, special tokens included, padding not.
        output_tokens: 0 for models that generate no text.
        latency_ms: from the request's admission to its result, waiting in the queue included.
        status: the HTTP status that was answered.
    """

    key_id: str | None
    operation: Operation
    model: str
    input_tokens: int
    output_tokens: int
    latency_ms: float
    status: int


class UsageSink(Protocol):
    """Where usage goes. A sink must not fail the request that it accounts for."""

    async def record(self, usage: Usage) -> None: ...
