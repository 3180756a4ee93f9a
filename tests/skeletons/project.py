"""An emitted project: made by our binary, then used only by the commands that its README names."""

import hashlib
import json
import os
import re
import shutil
import signal
import threading
import tomllib
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from processes import Running, execute, free_port, running, tail, until
from service import Service

ROOT = Path(__file__).resolve().parents[2]
BINARIES = ROOT / "target" / os.environ.get("GROUNDPLAN_PROFILE", "debug")
# All that may be asked about is confirmed; what is not raised is a warning.
CONFIRMATIONS = [f"--confirm=C{number}" for number in (1, 2, 4, *range(6, 21))]
# What a key needs for a workload.
SCOPES = {
    "inference-api": ["inference"], "chatbot": ["documents", "chat"],
    "recommendations": ["items", "events", "recommendations"],
    "realtime-analytics": ["measurements", "analytics"],
}

_KNOWN = threading.Lock()


def answers(choices: Mapping[str, str]) -> list[str]:
    given = [f"--set={key}={value}" for key, value in choices.items()]
    # Where an architecture is asked for by name, so is what may be odd about it.
    return [*given, *CONFIRMATIONS] if "architecture" in choices else given


def hashes(folder: Path) -> dict[str, str]:
    """Every file and folder with what it holds and its mode; symbolic links are not followed."""
    found = {}
    for path in sorted(folder.rglob("*")):
        name = path.relative_to(folder).as_posix()
        if path.is_symlink():
            found[name] = f"-> {path.readlink()}"
        elif path.is_file():
            found[name] = f"{path.stat().st_mode:o} {hashlib.sha256(path.read_bytes()).hexdigest()}"
        else:
            found[name] = "folder"
    return found


def generate(cwd: Path, *arguments: str, env: Mapping[str, str] | None = None, expect: int = 0) -> str:
    return execute([BINARIES / "groundplan", *arguments], cwd, env, expect)


@dataclass
class Project:
    folder: Path

    @classmethod
    def new(cls, parent: Path, choices: Mapping[str, str], *, env: Mapping[str, str] | None = None) -> "Project":
        """`groundplan new demo --defaults` with these answers, in a folder that must exist."""
        generate(parent, "new", "demo", "--defaults", *answers(choices), env=env)
        return cls(parent / "demo")

    def run(self, *command: str | Path, env: Mapping[str, str] | None = None) -> str:
        return execute(command, self.folder, env)

    def just(self, *arguments: str, env: Mapping[str, str] | None = None) -> str:
        return self.run("uv", "run", "just", *arguments, env=env)

    def checks(self) -> None:
        """`just check`, with what mypy found out in other projects beside this one: most of it is about packages.

        It looks at every file's contents before it believes that. What Django's plugin asks of settings and models it
        would not notice, so a platform is always read whole.
        """
        known = self.folder.parents[1] / "types"
        members = [*self.folder.glob("libs/*"), *(each.parent for each in self.folder.glob("services/*/app"))]
        caches = {each / ".mypy_cache": known / f"{each.name}-{each.parent.name}" for each in members}
        with _KNOWN:
            for cache, kept in caches.items():
                if kept.exists():
                    shutil.copytree(kept, cache)
        self.just("check")
        with _KNOWN:
            for cache, kept in caches.items():
                if not kept.exists():
                    kept.parent.mkdir(parents=True, exist_ok=True)
                    cache.rename(kept)

    def keeps_no_file(self) -> None:
        """What is on PostgreSQL makes no SQLite file, besides that of the tests, which `just check` makes."""
        made = {each.name for each in self.folder.glob("services/*/var/*sqlite3")}
        assert made <= {"test.sqlite3"}, made

    def fuzzes(self, service: Service) -> None:
        """`just fuzz`, the same requests each time, with the key of development."""
        env = {"PORT": service.address.rpartition(":")[2]}
        said = self.just("fuzz", "--max-examples=5", "--seed=1", env=env)
        operations = re.search(r"Selected: (\d+)/(\d+)\n +Tested: (\d+)", said)
        assert operations and int(operations[1]) > 4, tail(said)
        selected, there, tested = map(int, operations.groups())
        # A stream has no end: schemathesis.toml leaves that one out.
        streams = "realtime-analytics" in service.workloads()
        assert selected == tested == there - streams, tail(said)
        made = re.search(r"(\d+) generated, (\d+) passed", said)
        assert made and int(made[1]) > 100, tail(said)
        # It is content with a service that refuses everybody. What is a person's is refused to a key.
        refused = re.findall(r"^ +- ([A-Z]+ /\S+)$", said.partition("Authentication failed")[2].partition("💡")[0], re.M)
        assert {*refused} <= self.routes_of_persons(), tail(said)

    def routes_of_persons(self) -> set[str]:
        """Those that no key opens; where there are organisations, as their tests say."""
        found = {"GET /v1/account", "PUT /v1/account/password"}
        for file in self.folder.glob("services/*/tests/tenants/access/*.toml"):
            access = tomllib.loads(file.read_text())
            found |= {route for route, whom in access.items() if whom in ("person", "member", "admin", "owner")}
        return found

    def has(self, path: str) -> bool:
        """Whether one of its services has this file."""
        return any((member / path).exists() for member in self.folder.glob("services/*"))

    def workloads(self) -> set[str]:
        """Those that an AI service serves: of its answers, and what jobs compute."""
        record = tomllib.loads((self.folder / "groundplan.toml").read_text())
        jobs = {"inference-api"} if self.has("app/jobs.py") else set()
        return ({*record["answers"]["workloads"]} | jobs) & SCOPES.keys()

    def has_a_clean_git_tree(self) -> None:
        """All is committed, uv.lock too, and nothing that was made since escapes .gitignore."""
        assert self.run("git", "log", "--oneline").count("\n") == 1
        assert not (changes := self.run("git", "status", "--porcelain")), changes
        tracked = self.run("git", "ls-files").splitlines()
        assert "uv.lock" in tracked and ".env" not in tracked, tracked

    @contextmanager
    def dev(
        self, env: Mapping[str, str] | None = None, *, interactive: bool = False
    ) -> Iterator[tuple[Running, Service, str]]:
        """`uv run just dev`, ready, with the key that it printed."""
        port = free_port()
        service = Service(port)
        log = self.folder.parent / f"dev-{port}.log"
        env = {**(env or {}), "PORT": str(port)}
        with running(["uv", "run", "just", "dev"], self.folder, env, log, interactive=interactive) as process:
            until(service.ready, "/readyz", alive=process.outer, log=log)
            printed = re.search(rf"{re.escape(service.address)}/docs.*API key: (\S+)", process.output())
            assert printed, f"no address with a key in\n{tail(process.output())}"
            assert len(process.processes()) > 1, f"there is nothing to survive: {process.processes()}"
            yield process, service, printed[1]

    def readme_requests_are_answered(self, service: Service, key: str) -> None:
        """The README's first requests, typed as they stand there, one of each workload."""
        typed = re.search(r"```sh\n(curl .*?)\n```", (self.folder / "README.md").read_text(), re.DOTALL)
        assert typed, "the README shows no request"
        text = typed[1].replace("http://localhost:8000", service.address).replace("THE_PRINTED_KEY", key)
        commands = re.split(r"\n(?=curl )", text)
        assert len(commands) == len(self.workloads()), commands
        for command in commands:
            answer = self.run("sh", "-c", f"{command} --silent --show-error --fail-with-body --noproxy '*'")
            said = json.loads(answer)
            if "choices" in said:
                assert len(said["choices"][0]["message"]["content"]) > 20, answer
            elif "added" in said:
                assert said["added"] == 3, answer
            elif "accepted" in said:
                assert said["accepted"] + said["duplicates"] == 1, answer
            else:
                assert len(said["data"][0]["embedding"]) > 20, answer

    def makes_up_usage_afresh(self) -> None:
        """`just demo` replaces what it made before."""
        made = [int(self.just("demo").splitlines()[-1].split(" made-up")[0]) for _ in range(2)]
        # Later in the day there is more of today.
        assert 1000 < made[0] <= made[1] < made[0] + 100, made

    def boots_and_stops(
        self, *, interactive: bool = False, fuzz: bool = False, env: Mapping[str, str] | None = None
    ) -> None:
        """`just dev` answers what it should, and SIGTERM, or on a terminal Ctrl-C, leaves nothing of it."""
        with self.dev(env, interactive=interactive) as (process, service, key):
            service.has_docs_of_its_own()
            assert service.workloads() == self.workloads(), service.workloads()
            service.works(key)
            self.readme_requests_are_answered(service, key)
            service.is_closed()
            service.is_closed("ak_development_wrong")
            if self.has("app/admin.py"):
                service.has_an_admin(key)
            if fuzz:
                self.fuzzes(service)
            if interactive:
                process.interrupt()
            else:
                process.stop(signal.SIGTERM)
            assert not service.listens()
