"""What runs the model, by AI_BACKEND: this process, or an OpenAI-compatible server."""

from collections.abc import Callable, Mapping
from typing import Any

from intelligence import embedded, openai_embedder
from intelligence.errors import SettingError
from intelligence.openai_http import Server
from intelligence.ports import Embedder

IN_PROCESS = "in-process"


def configured(environ: Mapping[str, str]) -> Callable[[], Embedder[Any]]:
    """Opens the model that the environment's variables describe. Raises SettingError.

    The settings of a backend that is not chosen are not looked at. EMBEDDING_MODEL=embedded leaves
    the embedding to this process where the server does not embed.
    """
    chosen = server(environ)
    if chosen is None or environ.get("EMBEDDING_MODEL") == "embedded":
        return embedded.configured(environ)
    return openai_embedder.configured(chosen, environ)


def provider(environ: Mapping[str, str], *, embeds: bool) -> str:
    """Who runs the model that embeds, or the one that does not: this process, or a server that
    speaks OpenAI's API."""
    stays = embeds and environ.get("EMBEDDING_MODEL") == "embedded"
    return "openai" if environ.get("AI_BACKEND") == "openai" and not stays else IN_PROCESS


def server(environ: Mapping[str, str]) -> Server | None:
    """The model server that is chosen; None: this process runs the model. Raises SettingError."""
    match environ.get("AI_BACKEND") or "embedded":
        case "embedded":
            return None
        case "openai":
            return Server.configured(environ)
        case _:
            raise SettingError("AI_BACKEND", "must be embedded or openai")
