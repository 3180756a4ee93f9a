import json
from pathlib import Path
from typing import Any

import pytest

from intelligence.api import contracts

NODE = "#/components/schemas/Node"


def operation(tag: str, schema: str, **more: object) -> dict[str, Any]:
    content = {"application/json": {"schema": {"$ref": schema}}}
    return {"tags": [tag], "responses": {200: {"content": content}}, **more}


@pytest.fixture
def document() -> dict[str, Any]:
    """Two features on one path, of which one needs a key and a schema that refers to itself."""
    return {
        "openapi": "3.1.0",
        "info": {"title": "whole", "version": "1.2.3"},
        "paths": {
            "/trees": {
                "get": operation("trees", NODE, security=[{"Key": []}]),
                "post": operation("paint", "#/components/schemas/Colour"),
            },
            "/colours": {"get": operation("paint", "#/components/schemas/Colour")},
        },
        "components": {
            "schemas": {
                "Colour": {"type": "string"},
                "Leaf": {"type": "number"},
                "Node": {"anyOf": [{"$ref": NODE}, {"$ref": "#/components/schemas/Leaf"}]},
                "Unused": {"type": "null"},
            },
            "securitySchemes": {"Key": {"type": "http", "scheme": "bearer"}},
        },
    }


def test_a_contract_has_the_operations_of_its_tag_and_what_they_refer_to(
    document: dict[str, Any],
) -> None:
    whole = json.loads(json.dumps(document))
    split = {name: json.loads(text) for name, text in contracts.split(document).items()}
    assert split.keys() == {"paint.json", "trees.json"}
    trees, paint = split["trees.json"], split["paint.json"]
    assert trees["info"] == {"title": "trees", "version": "1.2.3"}
    assert trees["paths"] == {"/trees": {"get": whole["paths"]["/trees"]["get"]}}
    assert list(trees["components"]["schemas"]) == ["Leaf", "Node"]
    assert trees["components"]["securitySchemes"] == whole["components"]["securitySchemes"]
    assert {path: list(each) for path, each in paint["paths"].items()} == {
        "/trees": ["post"],
        "/colours": ["get"],
    }
    assert paint["components"] == {"schemas": {"Colour": {"type": "string"}}}


def test_what_no_contract_would_hold_is_an_error(document: dict[str, Any]) -> None:
    del document["components"]["schemas"]["Leaf"]
    with pytest.raises(KeyError, match="Leaf"):
        contracts.split(document)
    del document["paths"]["/trees"]["get"]["tags"]
    with pytest.raises(KeyError, match="tags"):
        contracts.split(document)


def test_drift_is_what_is_missing_altered_or_left_over(
    document: dict[str, Any], tmp_path: Path
) -> None:
    folder = tmp_path / "new"
    assert contracts.drift(document, folder) == ["paint.json", "trees.json"]
    contracts.write(document, folder)
    assert contracts.drift(document, folder) == []
    (folder / "trees.json").write_text("{}")
    (folder / "gone.json").write_text("{}")
    assert contracts.drift(document, folder) == ["gone.json", "trees.json"]
    (folder / "trees.json").unlink()
    assert contracts.drift(document, folder) == ["gone.json", "trees.json"]
    contracts.write(document, folder)
    assert contracts.drift(document, folder) == []
