"""The files of a model: found by its models.toml, and verified before anything opens them.

A model is a folder with a models.toml. Each file that it names lies in the folder or, where a
`package` is given, in an installed distribution, which keeps megabytes of weights out of the
repository.
"""

import hashlib
import tomllib
from dataclasses import dataclass
from importlib import metadata
from pathlib import Path

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
        remedy = "docs/models.md lists the files of a model"
        raise ModelError(str(error.filename), "cannot be read", remedy) from error
    except (KeyError, TypeError, ValueError) as error:
        remedy = "docs/models.md lists its keys"
        raise ModelError(str(manifest), f"not valid ({error!r})", remedy) from error


def _verified(folder: Path, entry: dict[str, str]) -> bytes:
    """The content, not the path: what was verified is what is loaded."""
    path = _located(folder, entry)
    content = path.read_bytes()
    found, expected = hashlib.sha256(content).hexdigest(), entry["sha256"]
    if found != expected:
        remedy = "run `uv sync --reinstall`, or correct models.toml if the new file is meant"
        raise ModelError(str(path), f"its sha256 is {found}, not {expected}", remedy)
    return content


def _located(folder: Path, entry: dict[str, str]) -> Path:
    package = entry.get("package")
    if package is None:
        return folder / entry["path"]
    try:
        return Path(str(metadata.distribution(package).locate_file(entry["path"])))
    except metadata.PackageNotFoundError:
        remedy = "install the extra `embedded` (`uv sync` does), or set EMBEDDING_MODEL_DIR"
        raise ModelError(package, "not installed", remedy) from None
