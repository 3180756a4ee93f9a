import json
from pathlib import Path

import httpx2
from fastapi import FastAPI

from app import openapi


def refers_to(node: object) -> set[str]:
    if isinstance(node, dict):
        own = {node["$ref"]} if isinstance(node.get("$ref"), str) else set()
        return own.union(*map(refers_to, node.values()))
    return set().union(*map(refers_to, node)) if isinstance(node, list) else set()


async def test_each_contract_stands_alone_and_all_together_are_the_api(
    app: FastAPI, client: httpx2.AsyncClient
) -> None:
    whole = (await client.get("/openapi.json")).json()
    contracts = {name: json.loads(text) for name, text in openapi.contracts(app).items()}
    assert set().union(*(each["paths"] for each in contracts.values())) == set(whole["paths"])
    for name, contract in contracts.items():
        schemas = contract["components"]["schemas"]
        assert refers_to(contract) == {openapi.REFERENCE + schema for schema in schemas}, name


async def test_drift_is_what_is_missing_altered_or_left_over(app: FastAPI, tmp_path: Path) -> None:
    openapi.write(app, tmp_path / "new")
    assert openapi.drift(app, tmp_path / "new") == []
    (tmp_path / "new" / "service.json").write_text("{}")
    (tmp_path / "new" / "gone.json").write_text("{}")
    assert openapi.drift(app, tmp_path / "new") == ["gone.json", "service.json"]
    (tmp_path / "new" / "service.json").unlink()
    assert openapi.drift(app, tmp_path / "new") == ["gone.json", "service.json"]
