"""A hybrid: two processes, one of which can be away, each with a database of its own."""

import http.cookiejar
import os
import re
import secrets
import signal
import urllib.error
import urllib.parse
import urllib.request
from collections.abc import Mapping
from pathlib import Path

import postgresql
from processes import execute, free_port, running, until
from project import Project
from report import Steps
from service import Service

CHOICES = {"organisation": "scale-up", "architecture": "hybrid", "architecture_reason": "the tests ask for it"}
FORM = {"text": "My card was charged twice.", "labels": "a payment, the weather"}
# Of the platform's environment when it is installed alone.
TABLES = "SELECT tablename FROM pg_tables WHERE schemaname = 'public'"
ASK = f"from apps.classify import asking; print(asking.classify({FORM['text']!r}, {FORM['labels'].split(', ')}, None))"
NO_MODEL = "import importlib.util as u; print([each for each in ('onnxruntime', 'tokenizers', 'fastapi') if u.find_spec(each)])"


class Browser:
    """A person at the platform: keeps cookies and sends the token of each form."""

    def __init__(self, address: str) -> None:
        self.address = address
        self._jar = http.cookiejar.CookieJar()
        self._opener = urllib.request.build_opener(
            urllib.request.ProxyHandler({}), urllib.request.HTTPCookieProcessor(self._jar)
        )

    def get(self, path: str, form: dict[str, str] | None = None) -> tuple[int, str]:
        data = urllib.parse.urlencode(form).encode() if form else None
        try:
            with self._opener.open(self.address + path, data, timeout=60) as response:
                return response.status, response.read().decode()
        except urllib.error.HTTPError as error:
            with error:
                return error.code, error.read().decode()

    def submit(self, path: str, form: dict[str, str]) -> tuple[int, str]:
        _, page = self.get(path)
        token = re.search(r'name="csrfmiddlewaretoken" value="(\w+)"', page)
        assert token, page
        return self.get(path, {"csrfmiddlewaretoken": token[1], **form})

    def logs_in(self, email: str, password: str) -> None:
        status, page = self.submit("/accounts/login/", {"login": email, "password": password})
        assert status == 200 and email in page, (status, page)


def setting(project: Project, name: str) -> str:
    found = re.search(rf"(?m)^{name}=(.+)$", (project.folder / ".env").read_text())
    assert found, f"no {name} in .env"
    return found[1]


def requests_shown(browser: Browser) -> int:
    """How many calls the dashboard counts."""
    _, page = browser.get("/admin/")
    found = re.search(r"<dt>Requests</dt>\s*<dd>(\d+)</dd>", page)
    assert found, page
    return int(found[1])


def run(step: Steps, scratch: Path) -> None:
    """Each half has a database of its own; the platform answers while the AI service is away, and says so."""
    with step("groundplan new, uv sync"):
        project = Project.new(scratch, CHOICES)
        project.has_a_clean_git_tree()
        project.run("uv", "sync", "--locked")
    with step("just check"):
        project.checks()
    with postgresql.server() as server:
        keep_apart(step, project, scratch, server)
    # The service's tests on SQLite are those of the defaults.
    with step("the platform's tests, on SQLite"):
        project.just("services/platform/test")
    with step("just dev: both, on two ports; SIGTERM leaves nothing"), project.dev() as (process, ai, key):
        platform = Service(int(ai.address.rpartition(":")[2]) + 100)
        until(platform.ready, "/readyz of the platform", alive=process.outer)
        assert f"{platform.address}/classify/  asks {ai.address}" in process.output()
        ai.infers(key)
        ai.is_closed()
        browser = Browser(platform.address)
        browser.logs_in("admin@example.com", setting(project, "DEV_ADMIN_PASSWORD"))
        assert '<a href="/classify/">' in browser.get("/")[1]
        status, page = browser.submit("/classify/", FORM)
        assert status == 200 and page.index("a payment</th>") < page.index("the weather</th>"), (status, page)
        process.stop(signal.SIGTERM)
        assert not ai.listens() and not platform.listens()
    with step("just key list: the platform's own key, used"):
        [line] = [each for each in project.just("key", "list").splitlines() if "ak_platform" in each]
        assert re.search(r"usable\tused .*\tinference\tplatform$", line), line
    with step("the platform alone: no model in its environment"):
        venv = scratch / "venv-platform"
        env = {"UV_PROJECT_ENVIRONMENT": str(venv)}
        project.run("uv", "sync", "--locked", "--exact", "--no-dev", "--package", "demo-platform", env=env)
        assert execute([venv / "bin/python", "-c", NO_MODEL], scratch) == "[]\n"
    with step("just demo, twice: it replaces itself"):
        project.makes_up_usage_afresh()
    with step("git sees no change"):
        project.has_a_clean_git_tree()


def keep_apart(step: Steps, project: Project, scratch: Path, server: postgresql.Server) -> None:
    """On PostgreSQL: a database for each half, and nothing of the one in the other."""
    databases = {half: {"DATABASE_URL": server.create(half)} for half in ("ai", "platform")}
    with step("just test, on PostgreSQL"):
        before = server.written()
        project.just("test", env={"TEST_DATABASE_URL": server.create("tests")})
        assert server.written() > before + 100_000, "the tests ran elsewhere"
    with step("the AI service killed: the platform says so; started again: it recovers"):
        for half, env in databases.items():
            for recipe in ("migrate", "seed"):
                project.just(f"services/{half}/{recipe}", env=env)
        goes_on(project, scratch, databases)
    with step("no table of the one half is in the other's database"):
        of_ai, of_platform = (set(server.sql(half, TABLES).split()) for half in databases)
        assert "api_key" in of_ai and "accounts_user" in of_platform, (of_ai, of_platform)
        assert not of_ai & of_platform, of_ai & of_platform
        project.keeps_no_file()
    with step("production: two secrets, and the platform's key"):
        serve_in_production(project, scratch, server)


def serve_in_production(project: Project, scratch: Path, server: postgresql.Server) -> None:
    """As deploy/compose does it: the service is given the key's hash, the platform the key."""
    ai, platform = Service(free_port()), Service(free_port(), {"X-Forwarded-Proto": "https"})
    path = {"PATH": f"{project.folder}/.venv/bin:{os.environ['PATH']}"}
    key = {"AI_SERVICE_KEY": secrets.token_hex(32)}
    of_ai, of_platform = (
        path | {"DATABASE_URL": server.create(f"production-{half.address}"), "SECRET_KEY": secrets.token_hex(32),
                "PORT": half.address.rpartition(":")[2]}
        for half in (ai, platform)
    )
    of_platform |= {"ALLOWED_HOSTS": "127.0.0.1", "AI_SERVICE_URL": ai.address}
    service, pages = (project.folder / "services" / half for half in ("ai", "platform"))
    execute(["alembic", "upgrade", "heads"], service, of_ai)
    put = ["python", "-m", "app", "keys", "put", "ak_platform", "AI_SERVICE_KEY", "--name=platform", "--scope=inference"]
    execute(put, service, of_ai | key)
    execute(["python", "manage.py", "migrate", "--no-input"], pages, of_platform)
    execute(["python", "manage.py", "collectstatic", "--no-input"], pages, of_platform)
    refusal = execute(["gunicorn", "config.wsgi"], pages, of_platform, expect=3)
    assert "AI_SERVICE_KEY" in refusal, refusal
    logs = scratch / "production-ai.log", scratch / "production-platform.log"
    with (
        running(["python", "-m", "app", "serve"], service, of_ai, logs[0]) as model,
        running(["gunicorn", "config.wsgi"], pages, of_platform | key, logs[1]) as server_of_pages,
    ):
        until(ai.ready, "/readyz", alive=model.outer, log=logs[0])
        until(platform.ready, "/readyz of the platform", alive=server_of_pages.outer, log=logs[1])
        ai.is_closed()
        answer = execute(["python", "manage.py", "shell", "-c", ASK], pages, of_platform | key)
        assert "label='a payment'" in answer.partition("label='the weather'")[0], answer
        for each in (server_of_pages, model):
            each.stop(signal.SIGTERM)
        assert not ai.listens() and not platform.listens()


def goes_on(project: Project, scratch: Path, databases: Mapping[str, Mapping[str, str]]) -> None:
    """The platform, with the AI service there, killed, and there again."""
    ai, platform = Service(free_port()), Service(free_port())
    of_ai, of_platform = (dict(databases[half]) for half in ("ai", "platform"))
    of_ai["PORT"] = ai.address.rpartition(":")[2]
    of_platform["AI_SERVICE_URL"] = ai.address
    serve = ["uv", "run", "just", "services/ai/run"]
    log = scratch / "platform.log"
    # As in development, without the runner, which ends both when one ends.
    command = ["uv", "run", "just", "services/platform/manage", "runserver", "--noreload",
               platform.address.removeprefix("http://")]
    with running(command, project.folder, of_platform, log) as pages:
        until(platform.ready, "/readyz of the platform", alive=pages.outer, log=log)
        browser = Browser(platform.address)
        browser.logs_in("admin@example.com", setting(project, "DEV_ADMIN_PASSWORD"))
        counted = requests_shown(browser)
        with running(serve, project.folder, of_ai, scratch / "ai.log") as model:
            until(ai.ready, "/readyz", alive=model.outer, log=scratch / "ai.log")
            assert browser.submit("/classify/", FORM)[0] == 200
            model.end()
        status, page = browser.submit("/classify/", FORM)
        assert status == 503 and "The AI service does not answer" in page and FORM["text"] in page, (status, page)
        assert platform.ready() and browser.get("/")[0] == 200
        with running(serve, project.folder, of_ai, scratch / "ai-again.log") as model:
            until(ai.ready, "/readyz", alive=model.outer, log=scratch / "ai-again.log")
            status, page = browser.submit("/classify/", FORM)
            assert status == 200 and "does not answer" not in page, (status, page)
            model.stop(signal.SIGTERM)
        assert requests_shown(browser) == counted + 3
        _, page = browser.get("/admin/")
        assert re.search(r'<th scope="col">User</th>.*<th scope="row">admin@example.com</th>', page, re.DOTALL), page
        _, page = browser.get("/admin/ai/usagerecord/?q=admin@example.com")
        assert page.count('field-operation">classify<') == counted + 3, page
        assert setting(project, "AI_SERVICE_KEY") not in pages.output()
