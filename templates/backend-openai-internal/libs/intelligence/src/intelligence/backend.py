"""What runs the model, by AI_BACKEND: this process, or an OpenAI-compatible server.

Data stays inside: only a server is asked whose host AI_ALLOWED_HOSTS names.
"""

from collections.abc import Callable, Mapping
from typing import Any

from intelligence import embedded, openai_embedder
from intelligence.errors import SettingError
from intelligence.openai_http import Server
from intelligence.ports import Embedder


def configured(environ: Mapping[str, str]) -> Callable[[], Embedder[Any]]:
    """Opens the model that the environment's variables describe. Raises SettingError.

    The settings of a backend that is not chosen are not looked at.
    """
    match environ.get("AI_BACKEND") or "embedded":
        case "embedded":
            return embedded.configured(environ)
        case "openai":
            return openai_embedder.configured(inside(environ), environ)
        case _:
            raise SettingError("AI_BACKEND", "must be embedded or openai")


def inside(environ: Mapping[str, str]) -> Server:
    """The configured server. Raises SettingError where data must not be sent to it."""
    server = Server.configured(environ)
    allowed = {host.strip().lower() for host in environ.get("AI_ALLOWED_HOSTS", "").split(",")}
    if server.host not in allowed:
        raise SettingError(
            "OPENAI_BASE_URL",
            f"is on {server.host}, and data must stay inside: if that host is yours, add it to "
            "AI_ALLOWED_HOSTS",
        )
    return server
