"""A call of the load test: one question, answered whole."""

import itertools
from collections.abc import Callable
from typing import Any

QUESTIONS = itertools.cycle(
    [
        "How many processes are planned for the peak?",
        "How do I replace the model?",
        "What happens when the queue is full?",
        "How is text cut into passages?",
    ]
)


def prepare(ask: Callable[..., Any]) -> str:
    """The name of the model that answers."""
    name: str = ask("/v1/models")["data"][0]["id"]
    return name


def call(model: str) -> tuple[str, str, object]:
    """Method, path and body of the next call."""
    messages = [{"role": "user", "content": next(QUESTIONS)}]
    return "POST", "/v1/chat/completions", {"model": model, "messages": messages}
