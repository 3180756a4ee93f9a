"""The distinct projects that this version can emit.

Answers that change prose or planned figures alone (README, docs, the record of the answers, budgets of the load test,
replicas, the values in .env.example) give one project. Which questions change more is found by asking the binary, so a
new layer needs no line here.
"""

import hashlib
import itertools
import json
import os
import random
import re
import shutil
import tempfile
import tomllib
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from processes import execute
from project import BINARIES, ROOT, answers, generate, hashes

# Asked for by name, so that other answers cannot lead to another one; each with the sets of workloads that it carries.
ARCHITECTURES = {
    "api-first": ["inference-api", "inference-api,dashboard", "chatbot", "inference-api,chatbot,dashboard"],
    "monolith": ["inference-api", "inference-api,dashboard"],
    "hybrid": ["inference-api", "inference-api,dashboard"],
}
FIXED = {"architecture_reason": "the tests ask for it"}
PROSE = (
    ".env.example", "README.md", "LICENSE", "groundplan.toml", ".groundplan", "docs", "ops/load/budgets.toml",
    "deploy/kubernetes/overlays",
)
FOUND = ROOT / "target/skeletons/trees.json"

Choices = dict[str, str]


def defaults(scratch: Path, architecture: str) -> Choices:
    """Every answer of a project made with `--defaults`, so that one can be changed and no other follows it."""
    generate(scratch, "new", "demo", "--defaults", "--no-git", "--no-uv-lock", "--quiet")
    given = tomllib.loads((scratch / "demo/groundplan.toml").read_text())["answers"]
    shutil.rmtree(scratch / "demo")
    return {key: ",".join(value) if isinstance(value, list) else value for key, value in given.items()} | {
        "architecture": architecture, **FIXED
    }


def questions() -> dict[str, list[str]]:
    """Each question with the options that `new` takes."""
    found: dict[str, list[str]] = {}
    for line in generate(Path("/"), "list", "questions").splitlines():
        if question := re.match(r"(\w+): ", line):
            options = found[question[1]] = []
        elif (option := re.match(r"  (\S+) ", line)) and "(not yet available)" not in line:
            options.append(option[1])
    asked = {key: options for key, options in found.items() if len(options) > 1}
    return {key: options for key, options in asked.items() if key not in ("architecture", "workloads")}


def fingerprint(scratch: Path, choices: Mapping[str, str]) -> str | None:
    """A hash over what is emitted, less prose; None where these answers contradict each other or are not built."""
    folder = Path(tempfile.mkdtemp(dir=scratch)) / "demo"
    command = ["new", str(folder), "--no-git", "--no-uv-lock", "--quiet", *answers(choices)]
    try:
        execute([BINARIES / "groundplan", *command], scratch)
    except AssertionError as error:
        if "exited 3," in str(error) or "not yet available" in str(error):
            return None
        raise
    files = {name: kind for name, kind in hashes(folder).items() if not name.startswith(PROSE) and name != ".env"}
    shutil.rmtree(folder.parent)
    return hashlib.sha256(repr(sorted(files.items())).encode()).hexdigest()[:12]


def distinct(scratch: Path) -> dict[str, Choices]:
    """Every distinct tree, by its fingerprint, with answers that give it; that of the defaults first.

    Looking takes hundreds of projects, so what was found is kept for as long as the binary and this file stay the same.
    """
    asked = [(BINARIES / "groundplan").read_bytes(), Path(__file__).read_bytes()]
    version = hashlib.sha256(b"".join(asked)).hexdigest()
    if FOUND.exists() and (found := json.loads(FOUND.read_text()))["version"] == version:
        return found["trees"]
    trees: dict[str, Choices] = {}
    for architecture in ARCHITECTURES:
        trees |= of_architecture(scratch, architecture)
    FOUND.parent.mkdir(parents=True, exist_ok=True)
    FOUND.write_text(json.dumps({"version": version, "trees": trees}))
    return trees


def of_architecture(scratch: Path, architecture: str) -> dict[str, Choices]:
    base = defaults(scratch, architecture)
    with ThreadPoolExecutor(os.cpu_count()) as pool:

        def prints(changes: list[Choices]) -> list[str | None]:
            return list(pool.map(lambda change: fingerprint(scratch, base | change), changes))

        default = prints([{}])[0]
        assert default, "the defaults contradict each other"
        asked = questions() | {"workloads": ARCHITECTURES[architecture]}
        if architecture != "api-first":
            # The same layers in every architecture.
            asked = {key: options for key, options in asked.items() if key not in ("ci", "license")}
        changes = [{question: option} for question, options in asked.items() for option in options]
        telling: dict[str, dict[str, str]] = {}
        for change, tree in zip(changes, prints(changes), strict=True):
            [(question, option)] = change.items()
            if tree:
                telling.setdefault(question, {}).setdefault(tree, option)
        # Of the options that give one tree the first stands for all; the default's leads.
        leading = {
            question: [options.pop(default), *options.values()]
            for question, options in telling.items()
            if len(options) > 1
        }
        combinations = [dict(zip(leading, each, strict=True)) for each in itertools.product(*leading.values())]
        trees: dict[str, Choices] = {}
        for choices, tree in zip(combinations, prints(combinations), strict=True):
            if tree:
                trees.setdefault(tree, {"architecture": architecture, **FIXED, **choices})
    assert next(iter(trees)) == default
    return trees


def covering(trees: Mapping[str, Choices]) -> list[str]:
    """A few trees that hold every pair of answers that any tree holds; the first is the default.

    Greedy, and the shortest of some tries in different orders: the best one is not worth looking for.
    """

    def pairs(tree: str) -> set[tuple[tuple[str, str], ...]]:
        return set(itertools.combinations(sorted(trees[tree].items()), 2))

    def attempt(seed: int) -> list[str]:
        order = list(trees)
        random.Random(seed).shuffle(order)
        chosen = [next(iter(trees))]
        left = set().union(*map(pairs, trees)) - pairs(chosen[0])
        while left:
            chosen.append(max(order, key=lambda tree: len(pairs(tree) & left)))
            left -= pairs(chosen[-1])
        return chosen

    return min(map(attempt, range(200)), key=len)


def shown(choices: Mapping[str, str]) -> str:
    return " ".join(value for key, value in choices.items() if key not in FIXED)
