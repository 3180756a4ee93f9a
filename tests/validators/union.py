#!/usr/bin/env python3
"""Reads the Python of every pair of answers: it compiles for the oldest Python named, and ruff finds nothing.

The laws leave every distinct file in target/union/N/PATH, N counting the versions of a path. Version 0 of all paths is
one project; each further version of a Python file or of its settings is checked in the place of its first.
"""

import ast
import shutil
import sys
import tempfile
import tomllib
from collections.abc import Iterator
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
UNION = ROOT / "target/union"
BROKEN = ROOT / "tests/broken/union"
READ = (".py", "pyproject.toml")
sys.path.insert(0, str(ROOT / "tests/skeletons"))

from processes import execute  # noqa: E402
from report import Broken, Report  # noqa: E402

RUFF = "ruff" + tomllib.loads((ROOT / "templates/versions.toml").read_text())["distributions"]["ruff"]


def versions(number: str = "*") -> list[Path]:
    return sorted(path for path in UNION.glob(f"{number}/**/*") if path.name.endswith(READ) and path.is_file())


def oldest(project: Path) -> tuple[int, int]:
    """From requires-python, which is `>=3.N` everywhere."""
    text = tomllib.loads((project / "pyproject.toml").read_text())["project"]["requires-python"]
    major, minor = text.removeprefix(">=").split(".")
    return int(major), int(minor)


def check(project: Path) -> None:
    version = oldest(project)
    for path in project.rglob("*.py"):
        try:
            compile(ast.parse(path.read_text(), feature_version=version), path, "exec", dont_inherit=True)
        except SyntaxError as error:
            raise AssertionError(f"{path.relative_to(project)}: {error!r}") from None
    for command in (["check", "--no-cache"], ["format", "--check", "--no-cache"]):
        execute(["uv", "tool", "run", "--quiet", RUFF, *command], project)


def projects(folder: Path) -> Iterator[tuple[str, Path]]:
    """The first project, and one for each version of a file that it does not hold."""
    first = folder / "first"
    for path in versions("0"):
        to = first / path.relative_to(UNION / "0")
        to.parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(path, to)
    yield "version 0 of every file", first
    for index, path in enumerate(versions("[1-9]*")):
        number = path.relative_to(UNION).parts[0]
        name = path.relative_to(UNION / number)
        other = shutil.copytree(first, folder / str(index))
        shutil.copy(path, other / name)
        yield f"version {number} of {name}", other


def main() -> int:
    if not versions("0"):
        sys.exit("target/union is empty: `make rust` fills it")
    report = Report()
    step = report.of("union")
    folder = Path(tempfile.mkdtemp(prefix="groundplan-union-"))
    try:
        for name, project in projects(folder):
            try:
                with step(name):
                    check(project)
            except Broken:
                continue
        for sample in sorted(BROKEN.glob("*.py")):
            expected = sample.read_text().splitlines()[0].removeprefix("# expect: ")
            try:
                with step(f"refuses {sample.name}"):
                    broken = shutil.copytree(folder / "first", folder / sample.stem)
                    shutil.copy(sample, broken / "scripts" / sample.name)
                    try:
                        check(broken)
                    except AssertionError as error:
                        assert expected in str(error), error
                    else:
                        raise AssertionError(f"{sample} is accepted")
            except Broken:
                continue
        return report.close()
    finally:
        shutil.rmtree(folder)


if __name__ == "__main__":
    sys.exit(main())
