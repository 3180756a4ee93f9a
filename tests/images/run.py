#!/usr/bin/env python3
"""Emitted Dockerfiles are built unchanged, and their containers run as the compose files say; no Docker engine is needed.

By hand, as root: `make images`. buildah builds an api-first project, a monolith and both halves of a hybrid, on stand-ins
for Debian's Python and for uv (base.sh), which stay in target/images for the next run. Each container is a process 1 of
its own, on the image's files, with the environment, volume, read-only root and privileges of its compose service.

Not proved: the real base image, a build by Docker, a rootless engine, another CPU. The network is this machine's: ports and
the address of the other half are given anew, and neither names of services nor published ports are used.
"""

import json
import os
import re
import secrets
import shutil
import signal
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass, replace
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / "tests/skeletons"))

from processes import Running, end_all, execute, free_port, running, tail, until  # noqa: E402
from project import CONFIRMATIONS, answers, generate  # noqa: E402
from report import Broken, Report, Steps  # noqa: E402
from service import Service  # noqa: E402

KEPT = ROOT / "target/images"
UID = 10001
HOST = "app.example.com"
COMPOSE = ROOT / "target/tools/validators"
BUILDAH = {"CONTAINERS_STORAGE_CONF": str(KEPT / "storage.conf"), "TMPDIR": str(KEPT / "tmp"), "BUILDAH_ISOLATION": "chroot"}
REASON = {"architecture_reason": "the tests ask for it", "database": "sqlite"}
PROJECTS = {
    "api-first": {"architecture": "api-first", **REASON},
    "monolith": {"architecture": "monolith", "organisation": "scale-up", **REASON},
    "hybrid": {"architecture": "hybrid", "organisation": "scale-up", **REASON},
}
# What an image must not bring along: the other framework, and what only development uses.
FOREIGN = {
    "api-first-ai": ["django", "pytest", "mypy"],
    "monolith-platform": ["fastapi", "uvicorn", "sqlalchemy", "pytest", "mypy"],
    "hybrid-ai": ["django", "pytest", "mypy"],
    "hybrid-platform": ["fastapi", "uvicorn", "sqlalchemy", "onnxruntime", "tokenizers", "pytest", "mypy"],
}
UNWANTED = {"tests", "__pycache__", "Dockerfile", "justfile", ".env", ".git", ".dockerignore"}

FOUND = "import importlib.util as u, sys; print([each for each in sys.argv[1:] if u.find_spec(each)])"
WRITABLE = """
import os, tempfile
for folder, folders, _ in os.walk("/"):
    folders[:] = [each for each in folders if os.path.join(folder, each) not in ("/proc", "/sys", "/dev")]
    try:
        tempfile.TemporaryFile(dir=folder).close()
    except OSError:
        continue
    print(folder)
"""
ASKED = """
from apps.classify.asking import client
[[first, *_]] = client().classify(["My card was charged twice."], ["the weather", "a payment"]).texts
print("best:", first.label)
"""
# Mounts in a namespace of its own; whoever ends as process 1 is the command.
ENTER = """
root=$1 volume=$2 target=$3 readonly=$4; shift 4
mount --bind "$root" "$root"
mount -t proc proc "$root/proc"
mount --rbind /dev "$root/dev"
mount --rbind /sys "$root/sys"
mount -t tmpfs -o mode=1777 tmpfs "$root/tmp"
mount --bind "$volume" "$root$target"
[ "$readonly" = False ] || mount -o remount,bind,ro "$root"
exec setpriv --no-new-privs chroot "$@"
"""


@dataclass(frozen=True)
class Container:
    """One that compose would run: an image's files and configuration, and a service of the compose file."""

    root: Path
    config: dict
    service: dict
    volume: Path
    given: Mapping[str, str]

    def command(self, *command: str) -> list[str | Path]:
        """Starts it with its own command, or with another."""
        [volume], [tmpfs] = self.service["volumes"], self.service["tmpfs"]
        assert tmpfs == "/tmp", tmpfs  # noqa: S108 - what ENTER mounts
        # The home of the user, which Docker names though it is not there.
        home = re.search(rf"(?m)^[^:]*:[^:]*:{self.config['User']}:.*:(.*):", (self.root / "etc/passwd").read_text())
        assert home, f"nobody is {self.config['User']}"
        variables = {"HOME": home[1]} | dict(each.split("=", 1) for each in self.config["Env"])
        variables |= {name: value for name, value in self.service["environment"].items() if value} | dict(self.given)
        return [
            "unshare", "--mount", "--pid", "--fork", "sh", "-euc", ENTER, "enter",
            self.root, self.volume, volume["target"], str(self.service["read_only"]),
            f"--userspec={self.config['User']}", self.root,
            "env", "--ignore-environment", f"--chdir={self.config['WorkingDir']}",
            *(f"{name}={value}" for name, value in variables.items()),
            *(command or self.service["command"] or self.config["Cmd"]),
        ]

    def run(self, *command: str) -> str:
        return execute(self.command(*command), ROOT)


def buildah(*arguments: str | Path, cwd: Path = ROOT) -> str:
    return execute(["buildah", *arguments], cwd, BUILDAH)


def generated(scratch: Path, name: str) -> Path:
    generate(scratch, "new", name, "--defaults", "--no-git", *answers(PROJECTS[name]), *CONFIRMATIONS)
    assert (scratch / name / "uv.lock").exists(), "nothing was locked"
    return scratch / name


def services(project: Path) -> dict[str, dict]:
    """Those of the compose file, resolved: secrets are random, and for production."""
    [program] = COMPOSE.glob("lib/python*/site-packages/compose/docker-compose")
    file = project / "deploy/compose/compose.yaml"
    names = ("SECRET_KEY", "AI_SECRET_KEY", "PLATFORM_SECRET_KEY", "AI_SERVICE_KEY")
    env = {name: secrets.token_hex(32) for name in names} | {"ALLOWED_HOSTS": HOST}
    resolved: dict[str, dict] = json.loads(execute([program, "--file", file, "config", "--format", "json"], project, env))
    return resolved["services"]


def built(project: Path, service: dict) -> None:
    build = service["build"]
    assert Path(build["context"]) == project, build
    buildah("build", "--pull-never", "--layers=false", "--file", build["dockerfile"], "--tag", service["image"], ".", cwd=project)


@contextmanager
def opened(image: str, service: dict, migrate: dict, scratch: Path) -> Iterator[tuple[Container, Container]]:
    """The server and its migration on one volume, which takes its owner over from the image, as Docker's does."""
    container = buildah("from", "--pull-never", f"localhost/{image}").strip()
    try:
        root = Path(buildah("mount", container).strip())
        config = json.loads(buildah("inspect", "--type", "image", f"localhost/{image}"))["OCIv1"]["config"]
        [volume] = service["volumes"]
        of_image = (root / volume["target"].lstrip("/")).stat()
        folder = Path(tempfile.mkdtemp(dir=scratch))
        os.chown(folder, of_image.st_uid, of_image.st_gid)
        folder.chmod(of_image.st_mode & 0o7777)
        given = {"PORT": str(free_port()), "EMAIL_URL": "smtp://127.0.0.1"}
        server = Container(root, config, service, folder, given)
        yield server, Container(root, config, migrate, folder, given)
    finally:
        buildah("rm", container)


def holds_what_it_needs(image: str, container: Container, project: Path) -> None:
    assert container.config["User"] == str(UID), container.config["User"]
    found = container.run("python", "-c", FOUND, *FOREIGN[image])
    assert found == "[]\n", found
    ours = [path for path in (container.root / "app/services").rglob("*") if "dist" not in path.parts]
    unwanted = [str(path) for path in ours if UNWANTED & set(path.parts)]
    assert not unwanted, unwanted
    assert not (container.root / "app/libs").exists(), "libs are installed, not copied"
    secret = re.search(r"(?m)^SECRET_KEY=(.{32,})$", (project / ".env").read_text())
    assert secret, "no SECRET_KEY in .env"
    told = buildah("inspect", "--type", "image", f"localhost/{image}")
    assert secret[1] not in told and "SECRET_KEY=" not in told, "a secret in the image's history"


def writes_only(container: Container) -> None:
    [volume] = container.service["volumes"]
    expected = sorted([volume["target"], "/tmp"])  # noqa: S108
    assert sorted(container.run("python", "-c", WRITABLE).split()) == expected, "read-only root"


def issued_key(container: Container, django: bool) -> str:
    command = ["python", "manage.py"] if django else ["python", "-m", "app"]
    said = container.run(*command, "keys", "issue", "--name", "test", "--scope", "inference")
    return next(word for word in said.split() if word.startswith("ak_"))


@contextmanager
def serving(container: Container, django: bool, scratch: Path) -> Iterator[tuple[Running, Service]]:
    port = container.given["PORT"]
    service = Service(int(port), {"Host": HOST, "X-Forwarded-Proto": "https"} if django else {})
    log = scratch / f"{port}.log"
    with running(container.command(), ROOT, {}, log) as process:
        until(service.ready, "/readyz", alive=process.outer, log=log)
        assert "warning" not in process.output().lower(), process.output()
        yield process, service


def answers_as_nobody(process: Running, service: Service) -> None:
    """/livez and /readyz are 200, and every process of the container is uid 10001 without any privilege."""
    assert [service.ask(path).status for path in ("/livez", "/readyz")] == [200, 200]
    inside = process.processes().keys() - {process.outer.pid}
    assert inside, "no process of the container is seen"
    for pid in inside:
        status = dict(re.findall(r"(?m)^(\w+):\s+(.+)$", Path(f"/proc/{pid}/status").read_text()))
        assert status["Uid"].split() == [str(UID)] * 4, status["Uid"]
        assert (status["NoNewPrivs"], int(status["CapEff"], 16)) == ("1", 0), status


def ends(process: Running, grace: str) -> None:
    """SIGTERM to process 1, which has no default action there, ends all before Docker would kill it."""
    [first] = Path(f"/proc/{process.outer.pid}/task/{process.outer.pid}/children").read_text().split()
    os.kill(int(first), signal.SIGTERM)
    try:
        process.outer.wait(float(grace.removesuffix("s")))
    except subprocess.TimeoutExpired:
        raise AssertionError(f"goes on after SIGTERM\n{tail(process.output())}") from None
    assert process.outer.returncode == 0, f"exit code {process.outer.returncode}\n{tail(process.output())}"


class Images:
    def __init__(self, scratch: Path, report: Report) -> None:
        self.scratch = scratch
        self.report = report
        self.built: list[str] = []
        self.answered: list[str] = []

    def single(self, name: str, half: str) -> None:
        """The whole application is one image: asked with a key of its own."""
        step, project = self.report.of(name), generated(self.scratch, name)
        resolved = services(project)
        with self._image(step, project, resolved, half) as (server, django):
            with step("a key is issued; it starts without a warning and infers for the key, and for nobody else"):
                key = issued_key(server, django)
                with self._served(server, django) as service:
                    service.infers(key)
                    service.is_closed()

    def hybrid(self, name: str) -> None:
        """The platform's container asks the AI service's, with the key that both get from the compose file."""
        step, project = self.report.of(name), generated(self.scratch, name)
        resolved = services(project)
        with (
            self._image(step, project, resolved, "ai") as (ai, _),
            self._image(step, project, resolved, "platform") as (platform, _),
            step("both start without a warning; the platform asks the AI service"),
        ):
            with self._served(ai, django=False) as service:
                platform = replace(platform, given={**platform.given, "AI_SERVICE_URL": service.address})
                with self._served(platform, django=True):
                    said = platform.run("python", "manage.py", "shell", "--no-imports", "--command", ASKED)
                    assert said.endswith("best: a payment\n"), said

    @contextmanager
    def _image(
        self, step: Steps, project: Path, resolved: dict[str, dict], half: str
    ) -> Iterator[tuple[Container, bool]]:
        service, migrate = resolved[half], resolved[f"{half}-migrate"]
        image = service["image"]
        with step(f"{image} is built"):
            built(project, service)
            self.built.append(image)
        try:
            with opened(image, service, migrate, self.scratch) as (server, migration):
                size = execute(["du", "--summarize", "--block-size=1M", server.root / "app"], ROOT).split()[0]
                with step(f"it holds what it needs: {size} MB beside the base"):
                    holds_what_it_needs(image, server, project)
                with step("it writes to its volume and /tmp alone"):
                    writes_only(server)
                with step("its migrations run"):
                    migration.run()
                yield server, half == "platform"
        finally:
            buildah("rmi", f"localhost/{image}")

    @contextmanager
    def _served(self, container: Container, django: bool) -> Iterator[Service]:
        with serving(container, django, self.scratch) as (process, service):
            answers_as_nobody(process, service)
            yield service
            ends(process, container.service["stop_grace_period"])
            assert not service.listens()
            self.answered.append(container.service["image"])


def main() -> int:
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))
    KEPT.joinpath("tmp").mkdir(parents=True, exist_ok=True)
    KEPT.joinpath("storage.conf").write_text(
        f'[storage]\ndriver = "vfs"\ngraphroot = "{KEPT}/storage"\nrunroot = "{KEPT}/run"\n'
    )
    scratch = Path(tempfile.mkdtemp(prefix="groundplan-images-"))
    report = Report()
    images = Images(scratch, report)
    try:
        dockerfile = (generated(scratch, "api-first") / "services/ai/Dockerfile").read_text()
        shutil.rmtree(scratch / "api-first")
        uv, python = dict.fromkeys(re.findall(r"(?m)^FROM (\S+)", dockerfile))
        execute([ROOT / "tests/images/base.sh", uv, f"docker.io/library/{python}"], ROOT, BUILDAH)
        for play, *given in ((images.single, "api-first", "ai"), (images.single, "monolith", "platform"), (images.hybrid, "hybrid")):
            with suppress(Broken):
                play(*given)
    finally:
        end_all()
        shutil.rmtree(scratch)
    failed = report.close()
    print(f"{len(images.built)} images built, {len(images.answered)} answered as uid {UID}")
    return failed


if __name__ == "__main__":
    sys.exit(main())
