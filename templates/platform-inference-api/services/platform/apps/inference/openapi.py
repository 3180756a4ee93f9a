"""The API contract: one OpenAPI document, and from it one file a tag, a feature's own contract."""

import json
from pathlib import Path
from typing import Any

from ninja import NinjaAPI
from ninja.openapi.schema import OpenAPISchema

from intelligence.api.problems import add_schemas


class TagSchema(OpenAPISchema):
    """The operations of one tag, and what they refer to."""

    def __init__(self, api: NinjaAPI, tag: str) -> None:
        self.tag = tag
        super().__init__(api, path_prefix="")

    def methods(self, operations: list[Any]) -> dict[str, Any]:
        return super().methods([each for each in operations if self.tag in each.tags])


def contracts(api: NinjaAPI) -> dict[str, str]:
    """File name to content: `<tag>.json` has that tag's operations and what they refer to."""
    operations = [
        operation
        for methods in api.get_openapi_schema()["paths"].values()
        for operation in methods.values()
    ]
    documents = {}
    for tag in sorted({tag for operation in operations for tag in operation["tags"]}):
        schema = TagSchema(api, tag)
        add_schemas(schema)
        document = {
            "openapi": schema["openapi"],
            "info": {"title": tag, "version": api.version},
            "paths": schema["paths"],
            "components": schema["components"],
        }
        documents[f"{tag}.json"] = json.dumps(document, indent=2, ensure_ascii=False) + "\n"
    return documents


def write(api: NinjaAPI, folder: Path) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    for name, content in contracts(api).items():
        (folder / name).write_text(content, encoding="utf-8")


def drift(api: NinjaAPI, folder: Path) -> list[str]:
    """The files in `folder` that are missing, left over or not what the code says."""
    expected = contracts(api)
    present = {path.name: path.read_text(encoding="utf-8") for path in folder.glob("*.json")}
    return sorted(
        name for name in expected.keys() | present if expected.get(name) != present.get(name)
    )
