#!/usr/bin/env python3
"""Reads the Python of every pair of answers: it compiles for the oldest Python named, and ruff finds nothing.

The laws leave every distinct file in target/union/N/PATH, N counting the versions of a path. Version 0 of all paths is
one project; each further version of a Python file or of its settings is checked in the place of its first.
"""

import ast
import os
import shutil
import sys
import tempfile
import tomllib
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
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


def check(project: Path, *changed: Path) -> None:
    """All of a project, or what changed in one that was read whole: neither tool looks from one file into another."""
    version = oldest(project)
    # Settings are read with every file that they are about.
    given = [path.parent if path.name == "pyproject.toml" else path for path in changed or [project]]
    for path in (path for each in given for path in ([each] if each.is_file() else each.rglob("*.py"))):
        try:
            compile(ast.parse(path.read_text(), feature_version=version), path, "exec", dont_inherit=True)
        except SyntaxError as error:
            raise AssertionError(f"{path.relative_to(project)}: {error!r}") from None
    for command in (["check", "--no-cache"], ["format", "--check", "--no-cache"]):
        execute(["uv", "tool", "run", "--quiet", RUFF, *command, *given], project)


def projects(folder: Path) -> Iterator[tuple[str, Path, list[Path]]]:
    """The first project, and one for each version of a file that it does not hold, with that file."""
    first = folder / "first"
    for path in versions("0"):
        to = first / path.relative_to(UNION / "0")
        to.parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(path, to)
    yield "version 0 of every file", first, []
    for index, path in enumerate(versions("[1-9]*")):
        number = path.relative_to(UNION).parts[0]
        name = path.relative_to(UNION / number)
        other = shutil.copytree(first, folder / str(index))
        shutil.copy(path, other / name)
        yield f"version {number} of {name}", other, [other / name]


def is_refused(sample: Path, project: Path) -> None:
    """As a file of the whole project, and as one that changed."""
    expected = sample.read_text().splitlines()[0].removeprefix("# expect: ")
    changed = Path(shutil.copy(sample, project / "scripts" / sample.name))
    for given in ([], [changed]):
        try:
            check(project, *given)
        except AssertionError as error:
            assert expected in str(error), error
        else:
            raise AssertionError(f"{sample} is accepted")


def main() -> int:
    if not versions("0"):
        sys.exit("target/union is empty: `make rust` fills it")
    report = Report()
    step = report.of("union")
    folder = Path(tempfile.mkdtemp(prefix="groundplan-union-"))
    try:
        with ThreadPoolExecutor(os.cpu_count()) as pool:

            def accepts(name: str, project: Path, changed: list[Path]) -> None:
                with suppress(Broken), step(name):
                    check(project, *changed)

            def refuses(sample: Path) -> None:
                with suppress(Broken), step(f"refuses {sample.name}"):
                    is_refused(sample, shutil.copytree(folder / "first", folder / sample.stem))

            played = [pool.submit(accepts, *each) for each in projects(folder)]
            played += [pool.submit(refuses, sample) for sample in sorted(BROKEN.glob("*.py"))]
            for each in played:
                each.result()
        return report.close()
    finally:
        shutil.rmtree(folder)


if __name__ == "__main__":
    sys.exit(main())
