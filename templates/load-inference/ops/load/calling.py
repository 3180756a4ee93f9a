"""A call of the load test: one short text to embed."""

import itertools
from typing import Any

PROBE = "/v1/similar"
PROBE_BODY = b'{"query": "Hello", "documents": ["Hello"]}'

PATH = "/v1/embeddings"

TEXTS = itertools.cycle(
    [
        "The parcel has not arrived and the shop does not answer my letters.",
        "My card was charged twice for the same order.",
        "How do I change the address of my account?",
        "The second lesson is better than the first one.",
    ]
)


def model(answer: Any) -> str:
    """As the answer to the probe names it."""
    name: str = answer["model"]
    return name


def body(model: str) -> dict[str, object]:
    return {"model": model, "input": next(TEXTS)}
