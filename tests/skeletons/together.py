"""One project of each architecture, on one machine at the same time; the two edges are compared first."""

import signal
import tomllib
from contextlib import ExitStack
from pathlib import Path

import edges
import halves
from processes import until
from project import Project
from report import Steps
from service import Service


def run(step: Steps, scratch: Path) -> None:
    """Each by `just dev` on a port of its own; each answers, and none knows a key of another."""
    projects = edges.agree(step, scratch)
    with step("groundplan new, uv sync: a hybrid"):
        parent = scratch / "hybrid"
        parent.mkdir()
        projects["hybrid"] = Project.new(parent, halves.CHOICES)
        projects["hybrid"].run("uv", "sync", "--locked")
    for architecture, project in projects.items():
        record = tomllib.loads((project.folder / "groundplan.toml").read_text())
        assert record["architecture"] == architecture, record
    with step("just dev: three at once; each works; SIGTERM leaves nothing"), ExitStack() as stack:
        booted = [stack.enter_context(project.dev()) for project in projects.values()]
        for _, service, key in booted:
            service.works(key)
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
