"""What an emitted project must do, as its new owner would go about it."""

import os
import re
import secrets
import shutil
import signal
import tomllib
from collections.abc import Callable, Mapping
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path

import client
import postgresql
from browser import Page, browser
from processes import environment, execute, free_port, running, until
from project import BINARIES, SCOPES, Project, answers, generate
from report import Steps
from service import Service

# Megabytes of an environment without the tools of development (RULINGS 1.15).
WHOLE, BARE = 330, 150

IMPORT_ALL = """
import importlib, pkgutil, sys
package = importlib.import_module(sys.argv[1])
names = [each.name for each in pkgutil.walk_packages(package.__path__, package.__name__ + ".")]
names = [name for name in names if not name.endswith("__main__")]
for name in names:
    importlib.import_module(name)
print(len(names), "modules")
"""


def survivors_are_noticed(step: Steps, scratch: Path) -> None:
    """The tests of this folder can fail: a program that leaves another behind is caught, and that one ended."""
    with step("a child in a session and an environment of its own is caught"):
        script = "env -i setsid sleep 600 & exec sleep 600"
        with running(["bash", "-c", script], scratch, {}, scratch / "log") as process:
            until(lambda: len(process.processes()) == 2, "two processes", alive=process.outer)
            try:
                process.stop(signal.SIGTERM)
            except AssertionError as error:
                assert "1 of 2 processes survive SIGTERM" in str(error), error
            else:
                raise AssertionError("the survivor was not noticed")
        assert not process.processes()


def default_project(step: Steps, scratch: Path) -> None:
    """All that the README of an emitted project says, with the answers of `--defaults`."""
    with step("groundplan new"):
        project = Project.new(scratch, {})
        project.has_a_clean_git_tree()
    with step("uv sync"):
        project.run("uv", "lock", "--check")
        project.run("uv", "sync", "--locked")
    with step("just check"):
        project.checks()
    with step("just test, under settings of a developer's own"):
        project.just("test", env={"RATE_LIMIT": "1", "KEY_CACHE_SECONDS": "60", "CORS_ORIGINS": "https://app.example"})
    with step("just dev: docs, inference, refusals, fuzz; SIGTERM leaves nothing"):
        project.boots_and_stops(fuzz=True)
    with step("just dev on a terminal; Ctrl-C leaves nothing"):
        project.boots_and_stops(interactive=True)
    with step("just key: issued, used, revoked"):
        key = project.just("key", "issue", "--name", "test", "--scope", "inference").split()[0]
        with project.dev() as (process, service, _):
            service.infers(key)
            project.just("key", "revoke", "_".join(key.split("_")[:2]))
            # The server has been told nothing: it remembers a key for KEY_CACHE_SECONDS.
            until(lambda: service.embeds(key) == 401, "the revoked key is refused")
            service.is_closed(key)
            process.stop(signal.SIGTERM)
    with step("just load: 0 when the budgets are kept, 1 and its name when one is broken"):
        with project.dev() as (process, service, _):
            loads(project, service)
            process.stop(signal.SIGTERM)
    with step(f"uv sync --no-dev: at most {WHOLE} MB, {BARE} without the embedded model; then it asks a model server"):
        runs_without_the_model(project, scratch)
    with step("git sees no change"):
        project.has_a_clean_git_tree()
    for member in sorted([*project.folder.glob("libs/*"), *project.folder.glob("services/*")]):
        with step(f"{member.relative_to(project.folder)} alone"):
            alone(project, member, scratch)


def runs_without_the_model(project: Project, scratch: Path) -> None:
    """The model server is a second process of the project itself; nothing of onnxruntime is beside the first."""
    venvs = {"whole": scratch / "venv-whole", "bare": scratch / "venv-bare"}
    for name, options in (("whole", []), ("bare", ["--no-group", "embedded"])):
        env = {"UV_PROJECT_ENVIRONMENT": str(venvs[name])}
        project.run("uv", "sync", "--locked", "--no-dev", *options, env=env)
    sizes = {name: megabytes(venv) for name, venv in venvs.items()}
    # The model and its runtime are most of the one, and are not in the other.
    assert sizes["whole"] <= WHOLE and sizes["bare"] <= BARE and sizes["whole"] - sizes["bare"] > 100, sizes
    assert not [*venvs["bare"].glob("lib/python*/site-packages/onnxruntime")]
    [member] = project.folder.glob("services/*")
    with project.dev() as (process, server, key):
        env = {"AI_BACKEND": "openai", "OPENAI_BASE_URL": f"{server.address}/v1", "OPENAI_API_KEY": key}
        env["EMBEDDING_MODEL"] = server.model(key)
        database = {"DATABASE_URL": f"sqlite:///{scratch}/bare.sqlite3"}
        serves_in_production(member, venvs["bare"], env | database, scratch)
        process.stop(signal.SIGTERM)


def megabytes(folder: Path) -> int:
    return int(execute(["du", "-sm", folder], folder).split()[0])


def loads(project: Project, service: Service) -> None:
    """With budgets that any machine keeps, and with one that none can: the exit code follows them, no time is judged."""
    file = project.folder / "ops/load/budgets.toml"
    planned = file.read_text()
    easy = {"requests_per_second": 4, "processes": 1, "seconds": 4, "rate_ratio": 0.1, "p95_ms": 60000, "p99_ms": 60000}
    for budgets, expect, broken in ((easy, 0, []), (easy | {"p95_ms": 0.001}, 1, ["p95_ms"])):
        text = planned
        for name, value in budgets.items():
            text, found = re.subn(rf"(?m)^{name} = [\d.]+", f"{name} = {value}", text)
            assert found == 1, f"{name} in {planned}"
        file.write_text(text)
        said = execute(["uv", "run", "just", "load", "--host", service.address], project.folder, expect=expect)
        assert re.findall(r"(?m)^BROKEN (\w+)", said) == broken, said
        assert len(re.findall(r"(?m)^kept +\w+", said)) == 4 - len(broken), said
    file.write_text(planned)


@dataclass(frozen=True)
class Kind:
    """What a kind of service is started with, and what it may not bring along."""

    packages: tuple[str, ...]
    foreign: tuple[str, ...]
    release: str
    web: str
    keys: tuple[str, ...]
    variables: Mapping[str, str]
    headers: Mapping[str, str]


FASTAPI = Kind(
    packages=("app",),
    foreign=("pytest", "mypy", "django"),
    release="alembic upgrade heads",
    web="exec python -m app serve",
    keys=("python", "-m", "app", "keys"),
    # Nothing is sent.
    variables={"EMAIL_URL": "smtp://127.0.0.1"},
    headers={},
)
DJANGO = Kind(
    packages=("config",),
    foreign=("pytest", "mypy", "fastapi", "sqlalchemy"),
    release="python manage.py migrate --no-input",
    web="python manage.py collectstatic --no-input --verbosity 0 && exec gunicorn config.wsgi",
    keys=("python", "manage.py", "keys"),
    variables={"ALLOWED_HOSTS": "127.0.0.1"},
    # As the proxy that ends TLS says it.
    headers={"X-Forwarded-Proto": "https"},
)


def kind_of(member: Path) -> Kind:
    return DJANGO if (member / "manage.py").exists() else FASTAPI


def alone(project: Project, member: Path, scratch: Path) -> None:
    """A member with nothing but what it declares: all of it imports, and a service serves as in production."""
    package = tomllib.loads((member / "pyproject.toml").read_text())["project"]["name"]
    venv = scratch / f"venv-{member.name}"
    env = {"UV_PROJECT_ENVIRONMENT": str(venv)}
    # As an image installs it: from wheels, which leave the suites of tests out.
    command = ["uv", "sync", "--locked", "--exact", "--no-dev", "--no-editable", "--package", package]
    execute([*command, "--extra", "embedded"], project.folder, env)
    serves = member.parent.name == "services"
    foreign = list(kind_of(member).foreign) if serves else ["pytest", "mypy", "django", "fastapi", "sqlalchemy"]
    python = venv / "bin/python"
    found = f"import importlib.util as u; print([each for each in {foreign} if u.find_spec(each)])"
    assert execute([python, "-c", found], member) == "[]\n"
    if serves and kind_of(member) is DJANGO:
        # Apps are imported by Django, in its order; a check loads them, their admin and every URL.
        execute([python, "manage.py", "check"], member, {"APP_ENV": "test"})
    else:
        for each in kind_of(member).packages if serves else (member.name,):
            imported = execute([python, "-c", IMPORT_ALL, each], member)
            assert int(imported.split()[0]) > 3, imported
    if serves:
        serves_in_production(member, venv, {"DATABASE_URL": f"sqlite:///{scratch}/production.sqlite3"}, scratch)


def serves_in_production(
    folder: Path, venv: Path, env: Mapping[str, str], scratch: Path, release: str | None = None, web: str | None = None
) -> None:
    """APP_ENV is unset: without a secret it refuses to start; with one it serves, and ends on SIGTERM."""
    port = free_port()
    member = next(iter(folder.glob("services/*")), folder)
    kind = kind_of(member)
    web = web or kind.web
    env = {**env, "PORT": str(port), "VIRTUAL_ENV": str(venv), "PATH": f"{venv}/bin:{os.environ['PATH']}"}
    env |= kind.variables
    refusal = execute(["sh", "-c", web], folder, env, expect=1)
    assert "SECRET_KEY" in refusal, refusal
    env["SECRET_KEY"] = secrets.token_hex(32)
    execute(["sh", "-c", release or kind.release], folder, env)
    workloads = Project(member.parents[1]).workloads()
    scopes = [f"--scope={scope}" for workload in sorted(workloads) for scope in SCOPES[workload]]
    issued = execute([*kind.keys, "issue", "--name", "test", *scopes], member, env)
    key = next(word for word in issued.split() if word.startswith("ak_"))
    service = Service(port, kind.headers)
    log = scratch / f"production-{port}.log"
    with running(["sh", "-c", web], folder, env, log) as process:
        until(service.ready, "/readyz", alive=process.outer, log=log)
        service.works(key)
        service.is_closed()
        process.stop(signal.SIGTERM)
        assert not service.listens()


class OnPostgresql:
    """A project and its tests on PostgreSQL, by the variables that it documents."""

    def __init__(self, choices: Mapping[str, str]) -> None:
        self._choices = choices

    def __call__(self, step: Steps, scratch: Path) -> None:
        with step("groundplan new, uv sync"):
            project = Project.new(scratch, self._choices)
            project.run("uv", "sync", "--locked")
        with postgresql.server() as server:
            tests_and_boots(step, project, server)
            with step("production"):
                [member] = project.folder.glob("services/*")
                env = {"DATABASE_URL": server.create("production")}
                serves_in_production(member, project.folder / ".venv", env, scratch)


def writes_revisions(project: Project, scratch: Path) -> None:
    """Without a branch onto the service's own, else onto the one that is named; what it wrote is deleted again."""
    database = {"DATABASE_URL": f"sqlite:///{scratch}/revisions.sqlite3"}
    for versions in project.folder.glob("services/*/migrations/versions"):
        member = versions.parents[1]
        before = {each: each.read_text() for each in versions.glob("*.py")}
        labels = {label for text in before.values() for label in re.findall(r'branch_labels = \("(\w+)"', text)}
        for label in ["service", *sorted(labels - {"service"})[:1]]:
            options = [] if label == "service" else ["--head", f"{label}@head"]
            project.just(f"services/{member.name}/revision", "nothing changes", *options, env=database)
            (written,) = set(versions.glob("*.py")) - before.keys()
            (down,) = re.findall(r'down_revision = "(\w+)"', written.read_text())
            branch = next(path for path, text in before.items() if re.search(rf'(?m)^revision = "{down}"$', text))
            assert f'"{label}"' in branch.read_text(), f"{written.name} of {label} follows {branch.name}"
            written.unlink()


def tests_and_boots(step: Steps, project: Project, server: postgresql.Server) -> None:
    """On the server given; to be called before anything has made a SQLite file."""
    with step("just test, on PostgreSQL"):
        before = server.written()
        project.just("test", env={"TEST_DATABASE_URL": server.create("tests")})
        assert server.written() > before + 100_000, "the tests ran elsewhere"
    with step("just dev, on PostgreSQL: migrates, answers, meters; SIGTERM leaves nothing"):
        project.boots_and_stops(env={"DATABASE_URL": server.create("demo")})
        counts = {each: int(server.sql("demo", f'SELECT count(*) FROM "{each}"')) for each in tables(server, "demo")}
        assert any("usage" in table and count for table, count in counts.items()), counts
        project.keeps_no_file()
        if "chatbot" in project.workloads():
            vectors = server.sql("demo", "SELECT count(*) FROM chunk WHERE vector_dims(embedding) > 100")
            assert int(vectors) > 0, "pgvector holds nothing"
            indexes = server.sql("demo", "SELECT indexdef FROM pg_indexes WHERE tablename = 'chunk'")
            assert "hnsw" in indexes, indexes


def tables(server: postgresql.Server, database: str) -> list[str]:
    return server.sql(database, "SELECT tablename FROM pg_tables WHERE schemaname = 'public'").split()


def made_without_uv(scratch: Path, choices: Mapping[str, str]) -> Project:
    """Made where there is git and no uv, which it says; it is not an error."""
    programs = scratch / "bin"
    programs.mkdir()
    git = shutil.which("git")
    assert git, "git is not on PATH"
    (programs / "git").symlink_to(git)
    told = generate(scratch, "new", "demo", "--defaults", *answers(choices), env={"PATH": str(programs)})
    assert "uv is not installed" in told, told
    assert not (scratch / "demo/uv.lock").exists()
    return Project(scratch / "demo")


def made_by_cargo(scratch: Path, choices: Mapping[str, str]) -> Project:
    path = f"{BINARIES}:{environment()['PATH']}"
    execute(["cargo", "groundplan", "new", "demo", "--defaults", *answers(choices)], scratch, {"PATH": path})
    return Project(scratch / "demo")


MADE: dict[str, Callable[[Path, Mapping[str, str]], Project]] = {
    "groundplan new": Project.new,
    "groundplan new without uv": made_without_uv,
    "cargo groundplan new": made_by_cargo,
}


def shows_its_dashboard(project: Project, scratch: Path) -> None:
    """Signed in as a person would, with the charts drawn and nothing to complain about; then a key is revoked."""
    with project.dev() as (process, service, key), browser(scratch) as page:
        page.open(f"{service.address}/admin")
        assert page.address() == f"{service.address}/admin/login", page.address()
        page.fill("#key", key)
        page.click("button[type=submit]")
        assert page.address() == f"{service.address}/admin/dashboard", page.address()
        draws_its_charts(page, scratch, "Demo: web shop")
        page.open(f"{service.address}/admin/api-key/list?search=ak_demo_shop")
        page.click("#select-all", loads=False)
        page.click("#dropdownMenuButton", loads=False)
        page.click("#action-custom-revoke")
        page.click("button[type=submit]")
        assert "revoked" in project.just("key", "list").partition("ak_demo_shop")[2].splitlines()[0]
        page.open(f"{service.address}/admin/usage-record/list")
        page.is_clean()
        process.stop(signal.SIGTERM)


def shows_its_start_page(project: Project, scratch: Path) -> None:
    """The same of the platform: the charts are on the start page of Django's admin."""
    keys = project.has("apps/ai/keys.py")  # in a hybrid they are the service's
    with project.dev() as (process, _, _), browser(scratch) as page:
        printed = re.search(r"(http\S+)/admin/  login: (\S+)  password: (\S+)", process.output())
        assert printed, "no login for the admin is printed"
        address, login, password = printed.groups()
        page.open(f"{address}/admin/")
        page.fill("[name=login], [name=username]", login)
        page.fill("[name=password]", password)
        page.click("form [type=submit]")
        assert page.address() == f"{address}/admin/", page.address()
        draws_its_charts(page, scratch, "Demo: web shop" if keys else "ada@demo.invalid")
        for path in (*(["ai/apikey"] if keys else []), "ai/usagerecord", "accounts/user"):
            page.open(f"{address}/admin/{path}/")
        page.is_clean()
        process.stop(signal.SIGTERM)


def draws_its_charts(page: Page, scratch: Path, caller: str) -> None:
    """Of every number of days that it offers; whose the made-up usage is, is said."""
    for days in (30, 7, 90):
        page.click(f"a[href='?days={days}']")
        charts = page.evaluate(CHARTS)
        assert isinstance(charts, dict) and len(charts) == 3, charts
        assert all(shapes >= days / 2 for shapes in charts.values()), charts
    assert caller in page.text()
    page.screenshot(scratch / "dashboard.png")


# Of each chart the shapes that have a colour of their own, a height and a place inside it.
CHARTS = """Object.fromEntries([...document.querySelectorAll('svg[role=img]')].map(svg => {
    const frame = svg.getBoundingClientRect();
    const inside = each => {
        const box = each.getBoundingClientRect();
        return box.height > 0.5 && box.top >= frame.top - 1 && box.bottom <= frame.bottom + 1;
    };
    return [svg.getAttribute('aria-label'),
            [...svg.querySelectorAll('rect:not([fill-opacity]), circle')].filter(inside).length];
}))"""


class OtherTree:
    """Another tree than that of the defaults: installs, passes its own checks and tests, boots, stops.

    Its tests and production run on SQLite, or, where asked for, on PostgreSQL; its development server on both then.
    """

    def __init__(
        self, choices: Mapping[str, str], made: str = "groundplan new", *, on_postgresql: bool = False, fuzz: bool = False
    ) -> None:
        self._choices = choices
        self._made = made
        self._on_postgresql = on_postgresql
        self._fuzz = fuzz

    def __call__(self, step: Steps, scratch: Path) -> None:
        with step(self._made):
            project = MADE[self._made](scratch, self._choices)
        with step("uv sync"):
            project.run("uv", "sync")
            project.run("uv", "lock", "--check")
        with step("just check"):
            project.checks()
        if self._fuzz and project.has("migrations/env.py"):
            with step("just revision: on the service's own branch, or on the one that is named"):
                writes_revisions(project, scratch)
        with ExitStack() as stack:
            production = f"sqlite:///{scratch}/production.sqlite3"
            if self._on_postgresql:
                server = stack.enter_context(postgresql.server())
                production = server.create("production")
                tests_and_boots(step, project, server)
            else:
                with step("just test"):
                    project.just("test")
            with step(f"just dev: docs, inference, refusals{', fuzz' * self._fuzz}; SIGTERM leaves nothing"):
                project.boots_and_stops(fuzz=self._fuzz)
            shows = {"app/dashboard.py": shows_its_dashboard, "apps/dashboard": shows_its_start_page}
            for show in (show for path, show in shows.items() if project.has(path)):
                with step("just demo, twice; the dashboard in a browser"):
                    project.makes_up_usage_afresh()
                    show(project, scratch)
            if (project.folder / "clients/typescript").exists() and project.has("app/chat.py"):
                with step("just client: types of the contracts; a wrong use is noticed, a right one asks and reads a stream"):
                    client.works(project)
            if (procfile := project.folder / "Procfile").exists():
                with step("Procfile: installed as a buildpack does, released, served"):
                    lines = dict(line.split(": ", 1) for line in procfile.read_text().splitlines() if line)
                    venv = scratch / "venv-buildpack"
                    installs = {"UV_PROJECT_ENVIRONMENT": str(venv)}
                    project.run("uv", "sync", "--locked", "--no-default-groups", env=installs)
                    env = {"DATABASE_URL": production}
                    serves_in_production(project.folder, venv, env, scratch, lines["release"], lines["web"])
