"""The process's one inference engine: a server starts it, other commands do without.

Start-up waits for the model: a missing or altered file stops the process and says what to do, and a
process that listens can answer. A process of threads loads none if all that asks it are coroutines,
which it does not serve.
"""

import atexit
from collections.abc import Callable

from django.conf import settings

from apps.core import health
from intelligence.engine import Engine

DRAIN_TIMEOUT = 10.0  # seconds
QUEUE = 64  # requests that may wait, where they hold no thread of the server
RUNS = 4  # at a time, if the model takes more than one; each holds a thread of the server

engine = Engine(
    settings.LOAD_MODEL,
    max_queue=settings.INFERENCE_QUEUE or QUEUE,
    timeout=settings.INFERENCE_TIMEOUT,
    concurrency=RUNS,
)

# The names of what answers here; each raises NotReady. An app adds its own when it is ready.
MODELS: list[Callable[[], str]] = []
# The apps whose routes ask the model in a thread of the server, likewise.
IN_THREADS: list[str] = []


def start(*, threads: int | None = None, **_signal: object) -> None:
    """Raises ModelError.

    Args:
        threads: as `server_starts` has it.
    """
    if threads is not None:
        if not IN_THREADS:
            health.CHECKS.remove(check)
            return
        if not settings.INFERENCE_QUEUE:
            # Each request that waits holds a thread, as does each of those that share the run
            # before, at most as many; and pages need two.
            engine.max_queue = (threads - 2) // 2
    engine.start().result()
    atexit.register(engine.close, DRAIN_TIMEOUT)


def check() -> str | None:
    return None if engine.ready else "the model is not warm"
