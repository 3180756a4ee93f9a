"""One project of each architecture, on one machine at the same time."""

import signal
import tomllib
from contextlib import ExitStack
from pathlib import Path

import halves
from processes import until
from project import Project
from report import Steps
from service import Service

CHOICES = {"api-first": {}, "monolith": {"organisation": "scale-up"}, "hybrid": halves.CHOICES}


def run(step: Steps, scratch: Path) -> None:
    """Each by `just dev` on a port of its own; each answers, and none knows a key of another."""
    projects: dict[str, Project] = {}
    for architecture, choices in CHOICES.items():
        with step(f"groundplan new, uv sync: {architecture}"):
            parent = scratch / architecture
            parent.mkdir()
            projects[architecture] = Project.new(parent, choices)
            projects[architecture].run("uv", "sync", "--locked")
            record = tomllib.loads((parent / "demo/groundplan.toml").read_text())
            assert record["architecture"] == architecture, record
    with step("just dev: three at once; each infers; SIGTERM leaves nothing"), ExitStack() as stack:
        booted = [stack.enter_context(project.dev()) for project in projects.values()]
        for _, service, key in booted:
            service.infers(key)
            for other in {other for _, _, other in booted} - {key}:
                service.is_closed(other)
        _, ai, _ = booted[-1]
        platform = Service(int(ai.address.rpartition(":")[2]) + 100)
        until(platform.ready, "/readyz of the platform", alive=booted[-1][0].outer)
        browser = halves.Browser(platform.address)
        browser.logs_in("admin@example.com", halves.setting(projects["hybrid"], "DEV_ADMIN_PASSWORD"))
        assert browser.submit("/classify/", halves.FORM)[0] == 200
        for process, service, _ in booted:
            process.stop(signal.SIGTERM)
            assert not service.listens()
