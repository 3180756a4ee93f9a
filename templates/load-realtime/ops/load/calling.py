"""A call of the load test: a batch of ten measurements."""

import itertools
import uuid
from typing import Any

PROBE = "/v1/models"
PROBE_BODY = None

PATH = "/v1/measurements"

REGIONS = itertools.cycle(["eu", "us", "ap"])
BATCH = 10


def model(answer: Any) -> str:
    """As the answer to the probe names it; measurements need none."""
    name: str = answer["data"][0]["id"]
    return name


def body(_: str) -> dict[str, object]:
    batch = uuid.uuid4().hex
    return {
        "measurements": [
            {
                "id": f"{batch}-{number}",
                "metric": "load.seconds",
                "value": number / 10,
                "dimensions": {"region": next(REGIONS)},
            }
            for number in range(BATCH)
        ]
    }
