"""The FastAPI service and the Django platform are two edges of one capability: what evolving rests on."""

import json
from pathlib import Path

import postgresql
from project import Project
from report import Steps

# What a table is, in words that both frameworks' tables can be told in. Not compared: how constraints and indexes are
# called; whether a key is unique by a constraint or by an index; whether a foreign key is looked at when a statement
# ends or its transaction (Django's are deferrable); whether ids come from an identity or a sequence; indexes that
# guarantee nothing, such as Django's for LIKE.
TABLE = """
SELECT format('%s %s%s', attname, format_type(atttypid, atttypmod), CASE WHEN attnotnull THEN '' ELSE ', may be null' END)
FROM pg_attribute WHERE attrelid = '{table}'::regclass AND attnum > 0 AND NOT attisdropped
UNION
SELECT CASE WHEN indisprimary THEN 'primary key ' ELSE 'unique ' END || string_agg(
    pg_get_indexdef(indexrelid, position, true), ', ' ORDER BY position
) || coalesce(' where ' || pg_get_expr(indpred, indrelid), '')
FROM pg_index, generate_series(1, indnkeyatts) AS position WHERE indrelid = '{table}'::regclass AND indisunique
GROUP BY indexrelid, indisprimary, indpred, indrelid
UNION
SELECT regexp_replace(pg_get_constraintdef(oid), ' DEFERRABLE.*', '')
FROM pg_constraint WHERE conrelid = '{table}'::regclass AND contype IN ('f', 'c')
ORDER BY 1
"""
NAMES = "SELECT tablename FROM pg_tables WHERE schemaname = 'public'"
TABLES = {"api_key", "key_quota", "usage_record", "document", "chunk", "conversation", "message"}
# Of each something that the frameworks' words for it differ in, so that a comparison of nothing is noticed.
TOLD = {
    "api_key": "unique digest",
    "key_quota": "tokens_a_month bigint, may be null",
    "usage_record": "FOREIGN KEY (key_id) REFERENCES api_key(id)",
    "document": "url character varying(2000), may be null",
    "chunk": "unique document_id, \"position\"",
    "conversation": "FOREIGN KEY (key_id) REFERENCES api_key(id)",
    "message": "FOREIGN KEY (conversation_id) REFERENCES conversation(id) ON DELETE CASCADE",
}
CHOICES = {
    "architecture_reason": "the tests ask for it", "workloads": "inference-api,chatbot", "database": "postgresql",
    "model_serving": "own-cpu", "consumers": "partners",
}
SECRET = {"SECRET_KEY": "shared by both edges, and long enough for production"}

# Of people who sign in: the service's own, where the platform has those of Django and allauth.
ACCOUNTS = ("account", "sign_in")


def agree(step: Steps, scratch: Path) -> dict[str, Project]:
    """Same tables, same hashes, same contract: rows can move, and callers need not notice. Returns the two projects."""
    with step("groundplan new, uv sync: one of each"):
        service = made(scratch, "api-first")
        platform = made(scratch, "monolith")
    with step("the same contract"):
        of_service, of_platform = (contract(each) for each in (service, platform))
        assert of_service == of_platform, differences(of_service, of_platform)
    with postgresql.server() as server:
        with step(f"the same tables: {', '.join(sorted(TABLES))}"):
            urls = {each: {"DATABASE_URL": server.create(each), **SECRET} for each in ("service", "platform")}
            service.just("migrate", env=urls["service"])
            platform.just("migrate", env=urls["platform"])
            of_service, of_platform = (set(server.sql(each, NAMES).split()) for each in urls)
            of_service -= {"alembic_version", *ACCOUNTS}
            assert of_service & of_platform == TABLES == of_service, (of_service, of_platform)
            faults, missing = [], []
            for table in sorted(TABLES):
                one, other = (set(server.sql(each, TABLE.format(table=table)).splitlines()) for each in urls)
                faults += [f"{table}, the service alone: {fact}" for fact in sorted(one - other)]
                faults += [f"{table}, the platform alone: {fact}" for fact in sorted(other - one)]
                missing += [] if TOLD[table] in one else [f"{table}: {TOLD[table]}"]
            assert not faults, "\n".join(faults)
            assert not missing, f"nothing says {missing}"
        with step("a key that was issued by the one is known to the other"):
            key = service.just("key", "issue", "--name", "moved", "--scope", "inference", env=urls["service"]).split()[0]
            row = server.sql("service", "SELECT row_to_json(api_key) FROM api_key")
            populated = f"json_populate_record(NULL::api_key, '{row}')"
            server.sql("platform", f"INSERT INTO api_key SELECT * FROM {populated}")
            find = f"from apps.ai import keys; print(keys.find({key!r}))"
            found = platform.just("services/platform/manage", "shell", "-c", find, env=urls["platform"])
            assert "name='moved', scopes=frozenset({'inference'})" in found, found
    return {"api-first": service, "monolith": platform}


def made(scratch: Path, architecture: str) -> Project:
    parent = scratch / architecture
    parent.mkdir()
    project = Project.new(parent, CHOICES | {"architecture": architecture})
    project.run("uv", "sync", "--locked")
    return project


def contract(project: Project) -> dict[str, object]:
    """What a caller can tell: operations, bodies, answers, schemas; not how a framework words or orders them."""
    told: dict[str, object] = {}
    for name in ("inference", "documents", "chat", "usage", "quotas"):
        [file] = project.folder.glob(f"contracts/openapi/*/{name}.json")
        document = json.loads(file.read_text())
        told |= {f"{name}: schema {each}": schema for each, schema in document["components"]["schemas"].items()}
        for path, methods in document["paths"].items():
            for method, operation in methods.items():
                at = f"{name}: {method} {path}"
                told |= {f"{at} {key}": operation.get(key) for key in ("operationId", "requestBody", "security", "summary", "tags")}
                told |= {f"{at} {status}": answer.get("content") for status, answer in operation["responses"].items()}
    return told


def differences(one: dict[str, object], other: dict[str, object]) -> str:
    names = sorted(name for name in one.keys() | other.keys() if one.get(name) != other.get(name))
    return "\n".join(f"{name}:\n  {one.get(name)}\n  {other.get(name)}" for name in names)
