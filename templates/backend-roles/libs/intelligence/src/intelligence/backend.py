"""What runs the model, by APP_ROLE: this process, or for `api` another one of the same image."""

import tomllib
from collections.abc import Callable, Mapping
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Any

from intelligence import embedded, model_files, openai_embedder
from intelligence.errors import SettingError
from intelligence.openai_http import Server
from intelligence.ports import Embedder

IN_PROCESS = "in-process"


def configured(environ: Mapping[str, str]) -> Callable[[], Embedder[Any]]:
    """Opens the model that the environment's variables describe. Raises SettingError.

    Of INFERENCE_URL the same model is asked that this process would run.
    """
    chosen = server(environ)
    if chosen is None:
        return embedded.configured(environ)
    return partial(openai_embedder.opened, chosen, _name(environ), "EMBEDDING_MODEL_DIR")


def provider(environ: Mapping[str, str], *, embeds: bool) -> str:  # noqa: ARG001
    """Who runs the model that embeds, and the one that does not: this process, or another one of
    this image."""
    return "inference" if environ.get("APP_ROLE") == "api" else IN_PROCESS


def server(environ: Mapping[str, str]) -> Server | None:
    """The process that is asked; None: this one runs the model. Raises SettingError."""
    if environ.get("APP_ROLE") != "api":
        return None
    url, key = environ.get("INFERENCE_URL"), environ.get("INFERENCE_KEY")
    if not url:
        raise SettingError(
            "INFERENCE_URL",
            "must be where a process with APP_ROLE=inference listens, such as http://inference:8000",
        )
    if not key:
        raise SettingError("INFERENCE_KEY", "must be an API key with the scope inference")
    address = f"{url.rstrip('/')}/v1"
    try:
        chosen = Server.configured({"OPENAI_BASE_URL": address, "OPENAI_API_KEY": key})
    except SettingError:
        raise SettingError(
            "INFERENCE_URL", "or INFERENCE_KEY cannot be used: is it an address, and a key?"
        ) from None
    return replace(chosen, url_variable="INFERENCE_URL", key_variable="INFERENCE_KEY")


def _name(environ: Mapping[str, str]) -> str:
    folder = environ.get("EMBEDDING_MODEL_DIR")
    manifest = (Path(folder) if folder else model_files.SHIPPED) / "models.toml"
    try:
        return str(tomllib.loads(manifest.read_text(encoding="utf-8"))["name"])
    except (OSError, KeyError, ValueError):
        raise SettingError(
            "EMBEDDING_MODEL_DIR", "must hold a models.toml that names the model"
        ) from None
