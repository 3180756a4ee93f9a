from hashlib import sha256
from pathlib import Path

import pytest

from intelligence import embedded, model_files
from intelligence.errors import ModelError


@pytest.fixture
def own_model(tmp_path: Path) -> Path:
    """A folder that holds a whole model, as EMBEDDING_MODEL_DIR takes it."""
    shipped = model_files.read(model_files.SHIPPED)
    (tmp_path / "model.onnx").write_bytes(shipped.weights)
    (tmp_path / "tokenizer.json").write_text(shipped.tokenizer)
    (tmp_path / "models.toml").write_text(f"""
name = "own-model"
max_tokens = 256
[weights]
path = "model.onnx"
sha256 = "{sha256(shipped.weights).hexdigest()}"
[tokenizer]
path = "tokenizer.json"
sha256 = "{sha256(shipped.tokenizer.encode()).hexdigest()}"
""")
    return tmp_path


def rewrite(folder: Path, old: str, new: str) -> None:
    manifest = folder / "models.toml"
    text = manifest.read_text()
    assert old in text
    manifest.write_text(text.replace(old, new))


def test_a_folder_replaces_the_shipped_model(own_model: Path) -> None:
    assert embedded.load(own_model).model == "own-model"


@pytest.mark.parametrize("name", ["model.onnx", "tokenizer.json"])
def test_an_altered_file_is_refused_by_name(own_model: Path, name: str) -> None:
    with (own_model / name).open("ab") as file:
        file.write(b"\n")
    with pytest.raises(ModelError, match=r"sha256 is \w+, not \w+; run `uv sync") as caught:
        embedded.load(own_model)
    assert caught.value.what == str(own_model / name)


@pytest.mark.parametrize("name", ["model.onnx", "tokenizer.json", "models.toml"])
def test_a_missing_file_is_refused_by_name(own_model: Path, name: str) -> None:
    (own_model / name).unlink()
    with pytest.raises(ModelError, match=r"cannot be read; docs/models\.md") as caught:
        embedded.load(own_model)
    assert caught.value.what == str(own_model / name)


def test_a_missing_package_is_named_with_its_remedy(own_model: Path) -> None:
    rewrite(own_model, "[weights]\n", '[weights]\npackage = "absent"\n')
    with pytest.raises(ModelError, match="uv sync") as caught:
        embedded.load(own_model)
    assert caught.value.what == "absent"


@pytest.mark.parametrize(
    ("old", "new"),
    [("name =", "title ="), ("max_tokens = 256", 'max_tokens = "x"'), ("[weights]", "[weights")],
)
def test_an_invalid_manifest_is_refused_by_name(own_model: Path, old: str, new: str) -> None:
    rewrite(own_model, old, new)
    with pytest.raises(ModelError, match="not valid") as caught:
        embedded.load(own_model)
    assert caught.value.what == str(own_model / "models.toml")
