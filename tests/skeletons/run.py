#!/usr/bin/env python3
"""Emitted projects end to end: made, installed, checked, tested, booted, asked, stopped. Python's standard library alone.

Seven fixed ones: the project of the defaults (also member by member), a chatbot alone and one beside inference, a monolith
with all and one with little, a hybrid whose service is killed, jobs whose workers are killed. Installed and asked,
without their own tests: a service and a platform compared, one of each at once, and projects inside other people's
repositories. With --organisations, the defaults of each organisation, on SQLite and on PostgreSQL.
With --minutes, further distinct trees are started then for so long; which comes first depends on the commit. With
--matrix every distinct tree is run, with --workloads each AI workload, any two and all four with each kind of user;
what has passed once is not run again until it changes.
"""

import json
import shutil
import subprocess
import sys
import tempfile
import threading
import time
from argparse import Namespace
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import guests
import halves
import jobs
import scenarios
import together
from command import options, workplace
from project import ROOT
from report import Broken, Report, Steps
from trees import Choices, distinct, of_workloads, shown

WORKERS = 2  # a project's tools keep one core busy each
VERIFIED = ROOT / "target/skeletons/verified.json"

ORGANISATIONS = ("startup", "scale-up", "enterprise", "public-sector")

Scenario = Callable[[Steps, Path], None]


def commit() -> str:
    done = subprocess.run(["git", "rev-parse", "HEAD"], cwd=ROOT, capture_output=True, text=True, check=False)
    return done.stdout.strip() or "0" * 40


class Verified:
    """The distinct trees that passed, by fingerprint, with the commit: a tree that changes is another one."""

    def __init__(self) -> None:
        self._trees: dict[str, str] = json.loads(VERIFIED.read_text()) if VERIFIED.exists() else {}
        self._lock = threading.Lock()

    def __contains__(self, tree: str) -> bool:
        return tree in self._trees

    def add(self, tree: str) -> None:
        with self._lock:
            self._trees[tree] = commit()
            VERIFIED.parent.mkdir(parents=True, exist_ok=True)
            VERIFIED.write_text(json.dumps(self._trees, indent=1))


def asked(architecture: str, **choices: str) -> Choices:
    return {"architecture": architecture, "architecture_reason": "the tests ask for it", **choices}


# Those that everything is done with, besides that of the defaults and a hybrid. Few, because each takes minutes: the
# workloads alone and together, the most that a monolith can have and the least, each database with each framework; two
# of them with organisations, so that each workload is once with several tenants. What differs in other answers comes in
# turn.
CHATBOT = asked("api-first", workloads="chatbot", users="none", operations="paas", database="postgresql")
BOTH = asked(
    "api-first", workloads="inference-api,chatbot,dashboard", users="organisations", database="sqlite",
    model_serving="own-cpu", ci="gitlab",
)
MONOLITH: Choices = {"organisation": "scale-up", "operations": "paas"}
NEWER = asked(
    "api-first", workloads="recommendations,realtime-analytics", users="organisations", operations="paas",
    database="postgresql", compliance="strict", priorities="security",
)
BARE = asked(
    "monolith", workloads="inference-api,chatbot,recommendations,realtime-analytics", admin="none", users="none",
    operations="paas", database="sqlite",
)


def fixed() -> dict[str, Scenario]:
    """Those that take longest come first, so that no worker is left with one of them."""
    return {
        "a hybrid": halves.run,
        "a chatbot and inference": scenarios.OtherTree(BOTH, "cargo groundplan new", fuzz=True),
        "the defaults": scenarios.default_project,
        "a chatbot": scenarios.OtherTree(CHATBOT, "groundplan new without uv", on_postgresql=True, fuzz=True),
        "recommendations and live figures": scenarios.OtherTree(NEWER, on_postgresql=True, fuzz=True),
        "jobs": jobs.have_one_effect,
        "a bare monolith": scenarios.OtherTree(BARE, fuzz=True),
        "a monolith for a scale-up": scenarios.OtherTree(MONOLITH, on_postgresql=True),
        "one of each": together.run,
        "in a git repository": guests.in_a_git_repository,
        "in a Cargo workspace": guests.in_a_cargo_workspace,
        "in a uv workspace": guests.in_a_uv_workspace,
        "these tests": scenarios.survivors_are_noticed,
    }


def organisations() -> dict[str, Scenario]:
    """What each organisation gets with `--defaults`."""
    found: dict[str, Scenario] = {}
    for each in ORGANISATIONS:
        found[each] = scenarios.OtherTree({"organisation": each})
        found[f"{each} on PostgreSQL"] = scenarios.OnPostgresql({"organisation": each})
    return found


def main() -> int:
    parser = options(__doc__, "scenarios")
    parser.add_argument("--organisations", action="store_true", help="what each gets by default, and nothing else")
    parser.add_argument("--minutes", type=float, default=0, help="start further trees for so long")
    parser.add_argument("--matrix", action="store_true", help="all distinct trees, going on where the last run ended")
    parser.add_argument("--workloads", action="store_true", help="likewise those of the workloads and users of an api-first")
    arguments = parser.parse_args()
    with workplace("skeletons", keep=arguments.keep) as parent:
        return play_all(arguments, parent)


def play_all(arguments: Namespace, parent: Path) -> int:
    report, verified = Report(), Verified()

    def play(name: str, scenario: Scenario) -> bool:
        folder = Path(tempfile.mkdtemp(dir=parent))
        try:
            scenario(report.of(name), folder)
        except Broken:
            return False
        if not arguments.keep:
            shutil.rmtree(folder)
        return True

    def verify(tree: str) -> None:
        if play(shown(trees[tree]), scenarios.OtherTree(trees[tree])):
            verified.add(tree)

    def play_those(given: dict[str, Scenario], pool: ThreadPoolExecutor) -> None:
        chosen = {name: each for name, each in given.items() if arguments.only in name}
        list(pool.map(play, chosen, chosen.values()))

    if arguments.organisations:
        with ThreadPoolExecutor(WORKERS) as pool:
            play_those(organisations(), pool)
        return report.close()
    trees = distinct()
    print(f"{len(trees)} distinct trees; projects are made in {parent}", flush=True)
    with ThreadPoolExecutor(WORKERS) as pool:
        if arguments.matrix or arguments.workloads:
            wanted = trees if arguments.matrix else of_workloads(trees)
            list(pool.map(verify, [tree for tree in wanted if tree not in verified]))
            count = sum(tree in verified for tree in wanted)
            print(f"{count} of {len(wanted)} distinct trees verified at {commit()[:12]}")
            return report.close() if report.failed or count < len(wanted) else 0
        play_those(fixed(), pool)
        if arguments.only:
            return report.close()
        # Counted from here, so that some are run however long the fixed ones take.
        start = time.monotonic()
        further = list(trees)[1:]
        turn = int(commit()[:8], 16) % len(further)
        rotated = iter(further[turn:] + further[:turn])
        lock = threading.Lock()

        def go_on() -> None:
            while time.monotonic() - start < arguments.minutes * 60 and not report.failed:
                with lock:
                    tree = next(rotated, None)
                if tree is None:
                    return
                verify(tree)

        for worker in [pool.submit(go_on) for _ in range(WORKERS)]:
            worker.result()
    return report.close()


if __name__ == "__main__":
    sys.exit(main())
