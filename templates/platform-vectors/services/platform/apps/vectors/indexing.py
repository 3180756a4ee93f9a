"""Commands that embed: they load a model of their own, and end it."""

from collections.abc import Generator
from contextlib import contextmanager

from django.conf import settings

from intelligence.engine import Engine

CLOSING = 10.0  # seconds that the model has to end


@contextmanager
def started() -> Generator[Engine]:
    """Raises ModelError."""
    engine = Engine(settings.LOAD_MODEL)
    try:
        engine.start().result()
        yield engine
    finally:
        engine.close(CLOSING)
