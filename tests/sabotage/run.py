#!/usr/bin/env python3
"""Breaks one guarantee of an emitted project at a time and expects the project's own tests or checks to notice.

A patch is a unified diff under a few lines that say

    guarantee: what it breaks
    answers:   the flags of `groundplan new` that give the project
    command:   the recipe, with its arguments, that must go red
    red:       the test or the recipe that must be among those that fail
    says:      what must stand in its output, so that a red for another reason does not count

Commands are as narrow as finds it, and each is green before anything is patched. A patch in `refused` breaks no
guarantee: it shows that this runner can go red, with the words after `refused:`.
"""

import re
import shlex
import sys
import tempfile
from collections.abc import Callable, Iterable
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from dataclasses import dataclass, fields
from itertools import groupby
from operator import attrgetter
from pathlib import Path

FOLDER = Path(__file__).resolve().parent
sys.path.insert(0, str(FOLDER.parent / "skeletons"))

from command import options, workplace  # noqa: E402
from processes import execute, outcome, tail  # noqa: E402
from project import Project, generate  # noqa: E402
from report import Broken, Report, Steps  # noqa: E402

WORKERS = 2  # a project's tools keep one core busy each


@dataclass(frozen=True)
class Patch:
    file: Path
    guarantee: str
    answers: str
    command: str
    red: str
    says: str
    refused: str = ""

    @classmethod
    def read(cls, file: Path) -> "Patch":
        head, marker, _ = file.read_text().partition("diff --git ")
        assert marker, f"{file} holds no diff as git writes it"
        given = dict(line.split(": ", 1) for line in head.splitlines())
        known = {each.name for each in fields(cls)} - {"file"}
        wanted = known if file.parent.name == "refused" else known - {"refused"}
        assert given.keys() == wanted, f"{file} says {sorted(given)}, not {sorted(wanted)}"
        return cls(file, **given)

    @property
    def name(self) -> str:
        return self.file.relative_to(FOLDER).with_suffix("").as_posix()

    def is_noticed(self, project: Project) -> None:
        """Applied alone, and taken back whatever happens."""
        code, said = outcome(["git", "apply", "--index", self.file], project.folder)
        assert code == 0, f"the patch does not apply\n{said}"
        try:
            code, said = run(project, self.command)
        finally:
            execute(["git", "reset", "--hard", "--quiet"], project.folder)
        assert code != 0, f"nothing goes red: `just {self.command}` is green after it"
        failed = failures(said)
        assert self.red in failed, f"another red: {failed or f'exit {code}'}\n{tail(said)}"
        assert self.says in said, f"red for another reason: nothing says `{self.says}`\n{tail(said)}"

    def is_refused(self, project: Project) -> None:
        try:
            self.is_noticed(project)
        except AssertionError as error:
            assert str(error).startswith(self.refused), f"it is refused, but not as `{self.refused}`\n{error}"
        else:
            raise AssertionError("it passes as a guarantee that is kept")


def run(project: Project, command: str) -> tuple[int, str]:
    # Whole values in what tests say, however narrow the output.
    return outcome(["uv", "run", "just", *shlex.split(command)], project.folder, {"COLUMNS": "1000"})


def whole(commands: Iterable[str]) -> list[str]:
    """The fewest commands that do all of these: of each recipe one, and one for each file that a part is taken of."""
    found: dict[tuple[str, str], list[str]] = {}
    for command in dict.fromkeys(commands):
        recipe, chosen, part = command.partition(" -k ")
        if not chosen and " tests/" in recipe:
            recipe, _, part = recipe.partition(" tests/")
        found.setdefault((recipe, chosen), []).append(part)
    return [
        f"{recipe} -k '{' or '.join(parts)}'" if chosen else " tests/".join([recipe, *filter(None, parts)])
        for (recipe, chosen), parts in found.items()
    ]


def failures(said: str) -> list[str]:
    """The tests that failed, without their parameters; where none did, the recipes."""
    tests = [each.partition("[")[0] for each in re.findall(r"(?m)^FAILED (\S+)", said)]
    return list(dict.fromkeys(tests)) or re.findall(r"(?i)recipe `(\w+)` failed", said)


def group(answers: str, patches: list[Patch], of: Callable[[str], Steps], parent: Path) -> None:
    """All patches on one project, one after the other."""
    step = of(answers)
    with step("made and installed"):
        folder = Path(tempfile.mkdtemp(dir=parent))
        generate(folder, "new", "demo", *shlex.split(answers))
        project = Project(folder / "demo")
        project.run("uv", "sync")
    for command in whole(patch.command for patch in patches):
        with step(f"`just {command}` is green"):
            code, said = run(project, command)
            assert code == 0, f"exit {code}\n{tail(said)}"
    for patch in patches:
        fact = of(patch.name)
        with suppress(Broken):
            if patch.refused:
                with fact(f"{patch.guarantee}: refused, for {patch.refused}"):
                    patch.is_refused(project)
            else:
                with fact(f"{patch.guarantee}: broken, {patch.red} goes red"):
                    patch.is_noticed(project)
    with step("nothing is left of the patches"):
        project.has_a_clean_git_tree()


def main() -> int:
    arguments = options(__doc__, "patches").parse_args()
    patches = sorted(map(Patch.read, FOLDER.rglob("*.patch")), key=attrgetter("answers", "name"))
    chosen = [patch for patch in patches if arguments.only in patch.name]
    report = Report()

    with workplace("sabotage", keep=arguments.keep) as parent:

        def play(answers: str, of_these: list[Patch]) -> None:
            with suppress(Broken):
                group(answers, of_these, report.of, parent)

        with ThreadPoolExecutor(WORKERS) as pool:
            played = [
                pool.submit(play, answers, list(each)) for answers, each in groupby(chosen, attrgetter("answers"))
            ]
            for each in played:
                each.result()
    return report.close()


if __name__ == "__main__":
    sys.exit(main())
