"""What a request is usually like."""

from typing import NamedTuple


class Usual(NamedTuple):
    """A usual request of an operation, and its share of all.

    Attributes:
        read: input tokens.
        written: output tokens.
    """

    operation: str
    model: str
    share: int
    read: int
    written: int
    latency_ms: float
