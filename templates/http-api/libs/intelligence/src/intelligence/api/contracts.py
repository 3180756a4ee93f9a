"""An API as files to review: one OpenAPI document, split into one file a tag, a feature's own."""

import json
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any


def split(document: Mapping[str, Any]) -> dict[str, str]:
    """File name to content: `<tag>.json` has that tag's operations and what they refer to.

    Raises KeyError for an operation without a tag and for a reference to nothing.
    """
    tags = {
        tag
        for operations in document["paths"].values()
        for operation in operations.values()
        for tag in operation["tags"]
    }
    return {
        f"{tag}.json": json.dumps(_extract(document, tag), indent=2, ensure_ascii=False) + "\n"
        for tag in sorted(tags)
    }


def write(document: Mapping[str, Any], folder: Path) -> None:
    """A file whose tag is gone goes, too."""
    folder.mkdir(parents=True, exist_ok=True)
    contents = split(document)
    for path in folder.glob("*.json"):
        if path.name not in contents:
            path.unlink()
    for name, content in contents.items():
        (folder / name).write_text(content, encoding="utf-8")


def drift(document: Mapping[str, Any], folder: Path) -> list[str]:
    """The files in `folder` that are missing, left over or not what the document says."""
    expected = split(document)
    present = {path.name: path.read_text(encoding="utf-8") for path in folder.glob("*.json")}
    return sorted(
        name for name in expected.keys() | present if expected.get(name) != present.get(name)
    )


def _extract(document: Mapping[str, Any], tag: str) -> dict[str, Any]:
    paths = {
        path: tagged
        for path, operations in document["paths"].items()
        if (tagged := {method: each for method, each in operations.items() if tag in each["tags"]})
    }
    components = {
        (kind, name): each
        for kind, named in document["components"].items()
        for name, each in named.items()
    }
    needed: set[tuple[str, str]] = set()
    pending = list(_references(paths))
    while pending:
        if (reference := pending.pop()) not in needed:
            needed.add(reference)
            pending += _references(components[reference])
    return {
        "openapi": document["openapi"],
        "info": {"title": tag, "version": document["info"]["version"]},
        "paths": paths,
        "components": {
            kind: kept
            for kind, named in document["components"].items()
            if (kept := {name: each for name, each in named.items() if (kind, name) in needed})
        },
    }


def _references(node: object) -> Iterator[tuple[str, str]]:
    """Kind and name of the components that `node` refers to."""
    if isinstance(node, dict):
        if "$ref" in node:
            _, _, kind, name = node["$ref"].split("/")
            yield kind, name
        for requirement in node.get("security", []):
            for name in requirement:
                yield "securitySchemes", name
        node = list(node.values())
    if isinstance(node, list):
        for child in node:
            yield from _references(child)
