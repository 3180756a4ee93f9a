"""The distinct projects that this version can emit, which the laws find (tests/laws/trees.rs)."""

import itertools
import json
import random
from collections.abc import Mapping
from functools import cache

from processes import execute
from project import BINARIES, ROOT

FOUND = ROOT / "target/trees.json"
FIND = ["cargo", "test", "--locked", "--quiet", "--test", "laws", "distinct_trees"]
# Of every tree alike.
UNSAID = {"architecture_reason"}

Choices = dict[str, str]


@cache
def distinct() -> dict[str, Choices]:
    """Every distinct tree, by its fingerprint, with answers that give it; that of the defaults first.

    They are looked for where nobody has yet since the binary was built.
    """
    if not FOUND.exists() or FOUND.stat().st_mtime < (BINARIES / "groundplan").stat().st_mtime:
        execute(FIND, ROOT)
    return {each["tree"]: each["answers"] for each in json.loads(FOUND.read_text())}


def covering(trees: Mapping[str, Choices]) -> list[str]:
    """A few trees that hold every pair of answers that any tree holds; the first is the default.

    Greedy, and the shortest of some tries in different orders: the best one is not worth looking for.
    """
    pairs = {tree: {*itertools.combinations(sorted(choices.items()), 2)} for tree, choices in trees.items()}

    def attempt(seed: int) -> list[str]:
        order = list(trees)
        random.Random(seed).shuffle(order)
        chosen = [next(iter(trees))]
        left = set().union(*pairs.values()) - pairs[chosen[0]]
        while left:
            chosen.append(max(order, key=lambda tree: len(pairs[tree] & left)))
            left -= pairs[chosen[-1]]
        return chosen

    return min(map(attempt, range(20)), key=len)


def of_workloads(trees: Mapping[str, Choices]) -> list[str]:
    """Those that differ from the tree of the defaults in their workloads and users alone."""
    default = next(iter(trees.values())).items()
    return [tree for tree, each in trees.items() if {key for key, _ in default ^ each.items()} <= {"workloads", "users"}]


def shown(choices: Mapping[str, str]) -> str:
    return " ".join(value for key, value in choices.items() if key not in UNSAID)
