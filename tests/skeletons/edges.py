"""The FastAPI service and the Django platform are two edges of one capability: what evolving rests on."""

import json
from pathlib import Path

import postgresql
from project import CONFIRMATIONS, Project, answers, generate
from report import Steps

COLUMNS = """
SELECT table_name, column_name, data_type, character_maximum_length, is_nullable
FROM information_schema.columns WHERE table_schema = 'public' AND table_name = '{table}' ORDER BY column_name
"""
# By their columns; how a constraint is called is each framework's own business.
CONSTRAINTS = """
SELECT constraint_type, string_agg(column_name, ',' ORDER BY ordinal_position)
FROM information_schema.table_constraints JOIN information_schema.key_column_usage USING (constraint_name, table_name)
WHERE table_constraints.table_schema = 'public' AND table_name = '{table}'
GROUP BY constraint_name, constraint_type ORDER BY 1, 2
"""
SECRET = {"SECRET_KEY": "shared by both edges, and long enough for production"}
TABLES = {"api_key", "usage_record"}


def agree(step: Steps, scratch: Path) -> None:
    """Same tables, same hashes, same contract: rows can move, and callers need not notice."""
    with step("groundplan new, uv sync: one of each"):
        service = made(scratch, "api-first")
        platform = made(scratch, "monolith")
    with step("the same contract"):
        of_service, of_platform = (contract(each) for each in (service, platform))
        assert of_service == of_platform, differences(of_service, of_platform)
    with postgresql.server() as server:
        with step("the same tables: columns, types, nullability, keys"):
            urls = {each: {"DATABASE_URL": server.create(each), **SECRET} for each in ("service", "platform")}
            service.just("migrate", env=urls["service"])
            platform.just("migrate", env=urls["platform"])
            for table in sorted(TABLES):
                for query in (COLUMNS, CONSTRAINTS):
                    one, other = (server.sql(each, query.format(table=table)) for each in urls)
                    assert one and one == other, f"{table}\n{one}\n\n{other}"
        with step("a key that was issued by the one is known to the other"):
            key = service.just("key", "issue", "--name", "moved", "--scope", "inference", env=urls["service"]).split()[0]
            row = server.sql("service", "SELECT row_to_json(api_key) FROM api_key")
            populated = f"json_populate_record(NULL::api_key, '{row}')"
            server.sql("platform", f"INSERT INTO api_key SELECT * FROM {populated}")
            find = f"from apps.ai import keys; print(keys.find({key!r}))"
            found = platform.just("services/platform/manage", "shell", "-c", find, env=urls["platform"])
            assert "name='moved', scopes=frozenset({'inference'})" in found, found


def made(scratch: Path, architecture: str) -> Project:
    parent = scratch / architecture
    parent.mkdir()
    choices = {"architecture": architecture, "architecture_reason": "the tests ask for it"}
    generate(parent, "new", "demo", "--defaults", *CONFIRMATIONS, *answers(choices))
    project = Project(parent / "demo")
    project.run("uv", "sync", "--locked")
    return project


def contract(project: Project) -> dict[str, object]:
    """What a caller can tell: operations, bodies, answers, schemas; not how a framework words or orders them."""
    [file] = project.folder.glob("contracts/openapi/*/inference.json")
    document = json.loads(file.read_text())
    told: dict[str, object] = {f"schema {name}": each for name, each in document["components"]["schemas"].items()}
    for path, methods in document["paths"].items():
        for method, operation in methods.items():
            name = f"{method} {path}"
            told |= {f"{name} {key}": operation[key] for key in ("operationId", "requestBody", "security", "summary", "tags")}
            told |= {f"{name} {status}": answer["content"] for status, answer in operation["responses"].items()}
    return told


def differences(one: dict[str, object], other: dict[str, object]) -> str:
    names = sorted(name for name in one.keys() | other.keys() if one.get(name) != other.get(name))
    return "\n".join(f"{name}:\n  {one.get(name)}\n  {other.get(name)}" for name in names)
