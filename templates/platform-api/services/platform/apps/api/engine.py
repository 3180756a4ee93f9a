"""The process's one inference engine: a server starts it, other commands do without.

Start-up waits for the model: a missing or altered file stops the process and says what to do, and a
process that listens can answer.
"""

import atexit
from collections.abc import Callable

from django.conf import settings

from intelligence.engine import Engine

DRAIN_TIMEOUT = 10.0  # seconds
RUNS = 4  # at a time, if the model takes more than one; each holds a thread of the server

engine = Engine(
    settings.LOAD_MODEL,
    max_queue=settings.INFERENCE_QUEUE,
    timeout=settings.INFERENCE_TIMEOUT,
    concurrency=RUNS,
)

# The names of what answers here; each raises NotReady. An app adds its own when it is ready.
MODELS: list[Callable[[], str]] = []


def start(**_signal: object) -> None:
    """Raises ModelError."""
    engine.start().result()
    atexit.register(engine.close, DRAIN_TIMEOUT)


def check() -> str | None:
    return None if engine.ready else "the model is not warm"
