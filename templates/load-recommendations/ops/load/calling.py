"""A call of the load test: recommendations for one of a hundred subjects.

It puts items and events of its own, so give it a key of a name of its own.
"""

import itertools
from collections.abc import Callable
from typing import Any

COLOURS = ("Blue", "Green", "Red", "Black", "White", "Yellow", "Grey", "Brown")
THINGS = ("kettle", "lamp", "chair", "rug", "bicycle", "spade", "violin", "tent")
SUBJECTS = 100

subjects = itertools.cycle(range(SUBJECTS))


def prepare(ask: Callable[..., Any]) -> str:
    """Puts 64 items, and ten events for each subject; the name of the model that embedded them."""
    wares = [f"{colour} {thing}" for thing in THINGS for colour in COLOURS]
    items = [{"id": f"load-{number}", "title": ware} for number, ware in enumerate(wares)]
    ask("/v1/items", {"items": items})
    for subject in range(SUBJECTS):
        events = [
            {
                "id": f"load-{subject}-{number}",
                "subject": f"load-{subject}",
                "item_id": f"load-{(subject + 7 * number) % len(items)}",
                "kind": "view",
            }
            for number in range(10)
        ]
        ask("/v1/events", {"events": events})
    name: str = ask("/v1/recommendations?subject=load-0")["model"]
    return name


def call(_: str) -> tuple[str, str, object]:
    """Method, path and body of the next call."""
    return "GET", f"/v1/recommendations?subject=load-{next(subjects)}", None
