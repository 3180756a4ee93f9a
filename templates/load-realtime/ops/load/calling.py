"""A call of the load test: a batch of ten measurements."""

import itertools
import uuid
from collections.abc import Callable
from typing import Any

PATH = "/v1/measurements"
BATCH = 10

regions = itertools.cycle(["eu", "us", "ap"])


def prepare(ask: Callable[..., Any]) -> str:
    """Sends a batch, so that a key that may not is told at once; measurements need no model."""
    ask(PATH, batch())
    return ""


def call(_: str) -> tuple[str, str, object]:
    """Method, path and body of the next call."""
    return "POST", PATH, batch()


def batch() -> dict[str, object]:
    name = uuid.uuid4().hex
    return {
        "measurements": [
            {
                "id": f"{name}-{number}",
                "metric": "load.seconds",
                "value": number / 10,
                "dimensions": {"region": next(regions)},
            }
            for number in range(BATCH)
        ]
    }
