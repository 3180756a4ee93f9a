"""The API contract: one OpenAPI document, and from it one file a tag, a feature's own contract."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from fastapi import FastAPI
from fastapi.openapi.utils import get_openapi

from intelligence.api.problems import add_schemas

REFERENCE = "#/components/schemas/"


def install(app: FastAPI) -> None:
    """Adds the schema that `responses` refers to; FastAPI knows no model for those."""

    def openapi() -> dict[str, Any]:
        if app.openapi_schema is None:
            schema = get_openapi(title=app.title, version=app.version, routes=app.routes)
            add_schemas(schema)
            app.openapi_schema = schema
        return app.openapi_schema

    # As FastAPI's documentation does it.
    app.openapi = openapi  # type: ignore[method-assign]


def contracts(app: FastAPI) -> dict[str, str]:
    """File name to content: `<tag>.json` has that tag's operations and what they refer to."""
    schema = app.openapi()
    tags = {
        tag
        for operations in schema["paths"].values()
        for operation in operations.values()
        for tag in operation["tags"]
    }
    return {
        f"{tag}.json": json.dumps(_extract(schema, tag), indent=2, ensure_ascii=False) + "\n"
        for tag in sorted(tags)
    }


def write(app: FastAPI, folder: Path) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    for name, content in contracts(app).items():
        (folder / name).write_text(content, encoding="utf-8")


def drift(app: FastAPI, folder: Path) -> list[str]:
    """The files in `folder` that are missing, left over or not what the code says."""
    expected = contracts(app)
    present = {path.name: path.read_text(encoding="utf-8") for path in folder.glob("*.json")}
    return sorted(
        name for name in expected.keys() | present if expected.get(name) != present.get(name)
    )


def _extract(schema: dict[str, Any], tag: str) -> dict[str, Any]:
    paths = {
        path: tagged
        for path, operations in schema["paths"].items()
        if (tagged := {method: each for method, each in operations.items() if tag in each["tags"]})
    }
    schemas = schema["components"]["schemas"]
    needed: set[str] = set()
    pending = list(_references(paths))
    while pending:
        if (name := pending.pop()) not in needed:
            needed.add(name)
            pending += _references(schemas.get(name))
    return {
        "openapi": schema["openapi"],
        "info": {"title": tag, "version": schema["info"]["version"]},
        "paths": paths,
        "components": {
            kind: kept
            for kind, named in schema["components"].items()
            if (kept := {name: each for name, each in named.items() if name in needed})
        },
    }


def _references(node: object) -> Iterator[str]:
    """The names of the schemas and security schemes that `node` refers to."""
    if isinstance(node, dict):
        if "$ref" in node:
            yield node["$ref"].removeprefix(REFERENCE)
        for requirement in node.get("security", []):
            yield from requirement
        node = list(node.values())
    if isinstance(node, list):
        for child in node:
            yield from _references(child)
