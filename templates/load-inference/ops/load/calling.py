"""A call of the load test: one short text to embed."""

import itertools
from collections.abc import Callable
from typing import Any

TEXTS = itertools.cycle(
    [
        "The parcel has not arrived and the shop does not answer my letters.",
        "My card was charged twice for the same order.",
        "How do I change the address of my account?",
        "The second lesson is better than the first one.",
    ]
)


def prepare(ask: Callable[..., Any]) -> str:
    """The name of the model that answers."""
    answer = ask("/v1/similar", {"query": "Hello", "documents": ["Hello"]})
    name: str = answer["model"]
    return name


def call(model: str) -> tuple[str, str, object]:
    """Method, path and body of the next call."""
    return "POST", "/v1/embeddings", {"model": model, "input": next(TEXTS)}
