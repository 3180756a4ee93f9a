import json
from pathlib import Path

import pytest
from django.core.management import CommandError, call_command
from django.test import Client

from apps.inference import openapi
from apps.inference.api import api


def refers_to(node: object) -> set[str]:
    if isinstance(node, dict):
        own = {node["$ref"]} if isinstance(node.get("$ref"), str) else set()
        return own.union(*map(refers_to, node.values()))
    return set().union(*map(refers_to, node)) if isinstance(node, list) else set()


def test_each_contract_stands_alone_and_all_together_are_the_api(client: Client) -> None:
    whole = client.get("/openapi.json").json()
    contracts = {name: json.loads(text) for name, text in openapi.contracts(api).items()}
    assert set().union(*(each["paths"] for each in contracts.values())) == set(whole["paths"])
    for name, contract in contracts.items():
        schemas = contract["components"]["schemas"]
        assert refers_to(contract) == {f"#/components/schemas/{each}" for each in schemas}, name


def test_contracts_are_written_then_checked(tmp_path: Path) -> None:
    with pytest.raises(CommandError, match=r"just contracts.*inference\.json"):
        call_command("openapi", tmp_path, "--check")
    call_command("openapi", tmp_path)
    call_command("openapi", tmp_path, "--check")
    (tmp_path / "gone.json").write_text("{}")
    with pytest.raises(CommandError, match=r"gone\.json"):
        call_command("openapi", tmp_path, "--check")
