"""A call of the load test: one question, answered whole."""

import itertools
from typing import Any

PROBE = "/v1/models"
PROBE_BODY = None

PATH = "/v1/chat/completions"

QUESTIONS = itertools.cycle(
    [
        "How many processes are planned for the peak?",
        "How do I replace the model?",
        "What happens when the queue is full?",
        "How is text cut into passages?",
    ]
)


def model(answer: Any) -> str:
    """As the answer to the probe names it."""
    name: str = answer["data"][0]["id"]
    return name


def body(model: str) -> dict[str, object]:
    return {"model": model, "messages": [{"role": "user", "content": next(QUESTIONS)}]}
