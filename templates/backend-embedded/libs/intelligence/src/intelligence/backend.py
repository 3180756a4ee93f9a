"""What runs the model: this process. Another backend would be chosen here, by the environment."""

from collections.abc import Callable, Mapping
from typing import Any

from intelligence import embedded
from intelligence.ports import Embedder

IN_PROCESS = "in-process"


def configured(environ: Mapping[str, str]) -> Callable[[], Embedder[Any]]:
    """Opens the model that the environment's variables describe. Raises SettingError."""
    return embedded.configured(environ)


def provider(_environ: Mapping[str, str], *, embeds: bool) -> str:  # noqa: ARG001
    """Who runs the model that embeds, and the one that does not."""
    return IN_PROCESS
