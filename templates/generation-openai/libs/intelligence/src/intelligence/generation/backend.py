"""What answers, by AI_BACKEND: sentences of the documents, or a model on a server."""

from collections.abc import Callable, Mapping

from intelligence import backend
from intelligence.engine import Engine
from intelligence.generation import openai
from intelligence.generation.extractive import ExtractiveGenerator
from intelligence.generation.ports import Generator


def configured(environ: Mapping[str, str]) -> Callable[[Engine], Generator]:
    """Makes what answers, on an engine that is started later. Raises SettingError."""
    server = backend.server(environ)
    if server is None:
        return ExtractiveGenerator
    generator = openai.configured(server, environ)
    return lambda _: generator()
