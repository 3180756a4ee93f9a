#!/usr/bin/env python3
"""Checks emitted files that no project's own tests read, and that each checker can go red.

Every checker reads the files of a few projects that hold every pair of answers, and then its broken samples in
tests/broken/CHECKER/, each of which must be refused with the words in its first line (`# expect: …`).
"""

import os
import re
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
VENV = ROOT / "target/tools/validators"
BROKEN = ROOT / "tests/broken"
sys.path.insert(0, str(ROOT / "tests/skeletons"))

from processes import environment, tail  # noqa: E402
from project import answers, generate  # noqa: E402
from report import Broken, Report, Steps  # noqa: E402
from trees import covering, distinct, shown  # noqa: E402

Command = Callable[..., list[str | Path]]


def script(name: str, *options: str) -> Command:
    return lambda *files: [VENV / "bin" / name, *options, *files]


def schema(name: str) -> Command:
    return script("check-jsonschema", "--builtin-schema", f"vendor.{name}")


def ours(name: str) -> Command:
    return lambda file: [VENV / "bin/python", "-B", ROOT / "tests/validators" / name, file]


def docker_compose(file: Path) -> list[str | Path]:
    # The package's own console script exits 0 whatever happens.
    [program] = VENV.glob("lib/python*/site-packages/compose/docker-compose")
    return [program, "--file", file, "config", "--quiet"]


def nginx(file: Path) -> list[str | Path]:
    # Debian keeps it where users other than root do not look.
    return [shutil.which("nginx", path=f"{os.environ['PATH']}:/usr/sbin") or "nginx", "-t", "-c", file]


@dataclass(frozen=True)
class Checker:
    files: str  # one pattern or more
    command: Command
    env: dict[str, str] = field(default_factory=dict)
    # Whether it reads other files than the one it is given. Where not, all that differ are given at once.
    follows: bool = False

    def run(self, *files: Path, env: dict[str, str] | None = None) -> tuple[int, str]:
        done = subprocess.run(
            self.command(*files), env=environment(self.env if env is None else env), cwd=files[0].parent,
            stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, timeout=300, check=False,
        )
        return done.returncode, done.stdout


SECRETS = {"ALLOWED_HOSTS": "app.example.com"} | {
    name: "s" * 32
    for name in ("SECRET_KEY", "POSTGRES_PASSWORD", "AI_SECRET_KEY", "AI_POSTGRES_PASSWORD", "AI_SERVICE_KEY",
                 "PLATFORM_SECRET_KEY", "PLATFORM_POSTGRES_PASSWORD")
}
# Answers that trees.py leaves out: the first because they give the same files in every architecture.
MONOLITHS = {
    "monolith": {"organisation": "enterprise", "operations": "kubernetes", "ci": "gitlab"},
    "gateway": {
        "architecture": "monolith", "architecture_reason": "the tests ask for it", "workloads": "chatbot",
        "operations": "kubernetes", "database": "postgresql",
    },
}
CHECKERS = {
    "hadolint": Checker("services/*/Dockerfile", script("hadolint")),
    "compose": Checker("deploy/compose/compose.yaml", docker_compose, SECRETS, follows=True),
    "compose-schema": Checker("deploy/compose/*.yaml", schema("compose-spec")),
    "nginx": Checker("deploy/gateway/nginx.conf", nginx, follows=True),
    "workflow-schema": Checker(".github/workflows/*.yml", schema("github-workflows")),
    "dependabot-schema": Checker(".github/dependabot.yml", schema("dependabot")),
    "actionlint": Checker(".github/workflows/*.yml", script("actionlint", "-no-color")),
    "zizmor": Checker(".github/**/*.yml", script("zizmor", "--offline", "--no-progress", "--color=never")),
    "gitlab-schema": Checker(".gitlab-ci.yml .gitlab/ci/*.yml", schema("gitlab-ci")),
    "gitlab": Checker(".gitlab-ci.yml", ours("gitlab.py"), follows=True),
    "renovate-schema": Checker("renovate.json", schema("renovate")),
    "kubernetes": Checker("deploy/kubernetes/overlays/*/kustomization.yaml", ours("kubernetes.py"), follows=True),
    "pre-commit": Checker(".pre-commit-config.yaml", script("pre-commit", "validate-config")),
}


def emitted(scratch: Path) -> list[Path]:
    trees = distinct()
    folders = []
    for number, tree in enumerate(covering(trees)):
        print(f"project {number}: {shown(trees[tree])}")
        folder = scratch / str(number)
        folder.mkdir()
        generate(folder, "new", "demo", "--defaults", "--no-git", "--no-uv-lock", *answers(trees[tree]))
        folders.append(folder / "demo")
    for name, choices in MONOLITHS.items():
        folder = scratch / name
        folder.mkdir()
        generate(folder, "new", "demo", "--defaults", "--no-git", "--no-uv-lock", *answers(choices))
        folders.append(folder / "demo")
    return folders


def samples(name: str) -> list[Path]:
    return sorted(path for path in (BROKEN / name).rglob("*") if path.is_file())


def main() -> int:
    report = Report()
    scratch = Path(tempfile.mkdtemp(prefix="groundplan-validators-"))
    try:
        folders = emitted(scratch)
        with ThreadPoolExecutor(os.cpu_count()) as pool:
            played = []
            for name, checker in CHECKERS.items():
                accepted, refused = f"accepts what is emitted as {checker.files}", f"refuses {len(samples(name))} broken samples"
                played.append(pool.submit(check, report.of(name), accepted, accepts, checker, folders))
                played.append(pool.submit(check, report.of(name), refused, refuses, checker, samples(name), folders))
            unset = "refuses what is emitted while a secret is not set"
            played.append(pool.submit(check, report.of("compose"), unset, needs_secrets, CHECKERS["compose"], folders))
            for each in played:
                each.result()
        unknown = {path.name for path in BROKEN.iterdir()} - CHECKERS.keys() - {"union"}
        assert not unknown, f"samples for no checker: {unknown}"
        return report.close()
    finally:
        shutil.rmtree(scratch)


def check(step: Steps, name: str, fact: Callable[..., None], *given: object) -> None:
    with suppress(Broken), step(name):
        fact(*given)


def needs_secrets(checker: Checker, folders: list[Path]) -> None:
    for file in files(checker, folders):
        required = {name for each in file.parent.glob("*.yaml") for name in re.findall(r"\$\{(\w+):\?", each.read_text())}
        assert any(name.endswith("SECRET_KEY") for name in required), required
        for name in required:
            code, said = checker.run(file, env={key: value for key, value in SECRETS.items() if key != name})
            assert code and name in said, f"{file} without {name}: exit {code}: {said}"


def files(checker: Checker, folders: list[Path]) -> list[Path]:
    found = [path for folder in folders for pattern in checker.files.split() for path in sorted(folder.glob(pattern))]
    assert found, "there is no such file"
    return found


def differing(checker: Checker, folders: list[Path]) -> list[Path]:
    """One file of each content."""
    return list({file.read_bytes(): file for file in files(checker, folders)}.values())


def accepts(checker: Checker, folders: list[Path]) -> None:
    for given in [[file] for file in files(checker, folders)] if checker.follows else [differing(checker, folders)]:
        code, said = checker.run(*given)
        assert code == 0, f"{given[0]} and {len(given) - 1} others: exit {code}\n{tail(said)}"


def refuses(checker: Checker, broken: list[Path], folders: list[Path]) -> None:
    """Alone, or between two files that it accepts, as it is given them."""
    assert broken, "there is no broken sample"
    before, after = ([], []) if checker.follows else (differing(checker, folders)[:1], differing(checker, folders)[-1:])
    for file in broken:
        expected = re.match("# expect: (.+)\n", file.read_text())
        assert expected, f"{file} does not begin with `# expect: …`"
        code, said = checker.run(*before, file, *after)
        assert code != 0, f"{file} is accepted\n{tail(said)}"
        assert expected[1] in said.replace(expected[0].strip(), ""), f"{file} is refused for another reason than `{expected[1]}`\n{tail(said)}"


if __name__ == "__main__":
    sys.exit(main())
