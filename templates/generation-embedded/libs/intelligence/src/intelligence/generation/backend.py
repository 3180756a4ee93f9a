"""What answers: sentences of the documents, found by the model that runs in this process."""

from collections.abc import Callable, Mapping

from intelligence.engine import Engine
from intelligence.generation.extractive import ExtractiveGenerator
from intelligence.generation.ports import Generator


def configured(_: Mapping[str, str]) -> Callable[[Engine], Generator]:
    """Makes what answers, on an engine that is started later."""
    return ExtractiveGenerator
