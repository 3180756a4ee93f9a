"""The files of a model: found by its models.toml, and verified before anything opens them.

A model is a folder with a models.toml. Each file it names lies in the folder or, where `package` is given, in an
installed distribution, so that weights of many megabytes stay out of the repository.
"""

import hashlib
import tomllib
from dataclasses import dataclass
from importlib import metadata
from pathlib import Path
from typing import Any

from intelligence.errors import ModelError

SHIPPED = Path(__file__).with_name("models") / "minilm"


@dataclass(frozen=True, slots=True)
class ModelFiles:
    """A model's verified content.

    Attributes:
        name: what answers call the model.
        max_tokens: the longest text it reads, special tokens included.
        weights: an ONNX file.
        tokenizer: a tokenizer.json of the `tokenizers` library.
    """

    name: str
    max_tokens: int
    weights: bytes
    tokenizer: str


def read(folder: Path) -> ModelFiles:
    """Reads and verifies the model in `folder`. Raises ModelError."""
    manifest = folder / "models.toml"
    try:
        content = tomllib.loads(manifest.read_text(encoding="utf-8"))
        return ModelFiles(
            name=str(content["name"]),
            max_tokens=int(content["max_tokens"]),
            weights=_verified(folder, content["weights"]),
            tokenizer=_verified(folder, content["tokenizer"]).decode(),
        )
    except OSError as error:
        raise ModelError(str(error.filename), "cannot be read", "see docs/models.md for the files of a model") from error
    except (KeyError, TypeError, ValueError) as error:
        raise ModelError(str(manifest), f"is not valid ({error!r})", "see docs/models.md for its keys") from error


def _verified(folder: Path, entry: dict[str, Any]) -> bytes:
    """The bytes themselves, not a path: what was verified is what is loaded."""
    path = _located(folder, entry)
    content = path.read_bytes()
    found = hashlib.sha256(content).hexdigest()
    if found != entry["sha256"]:
        raise ModelError(
            str(path),
            f"has sha256 {found}, expected {entry['sha256']}",
            "reinstall with `uv sync --reinstall`, or correct models.toml if you replaced the file on purpose",
        )
    return content


def _located(folder: Path, entry: dict[str, Any]) -> Path:
    package = entry.get("package")
    if package is None:
        return folder / entry["path"]
    try:
        return Path(str(metadata.distribution(package).locate_file(entry["path"])))
    except metadata.PackageNotFoundError:
        raise ModelError(
            package,
            "is not installed",
            "install the extra `embedded` (`uv sync` does), or set EMBEDDING_MODEL_DIR",
        ) from None
