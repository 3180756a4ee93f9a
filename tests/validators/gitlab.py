"""Judges what GitLab's schema cannot see: that jobs, with those of included files, name stages and jobs there are."""

import sys
from pathlib import Path
from typing import Any

import yaml

# What GitLab has where a file declares none, and what it always adds.
DEFAULT = ["build", "test", "deploy"]
ALWAYS = [".pre", ".post"]
NO_JOBS = {"default", "image", "include", "services", "spec", "stages", "variables", "workflow"}


def load(path: Path) -> dict[str, Any]:
    found = yaml.safe_load(path.read_text())
    assert isinstance(found, dict), f"{path.name} is no mapping"
    return found


def main(path: Path) -> int:
    faults = []
    pipeline = load(path)
    for include in pipeline.get("include", []):
        pattern = include["local"].lstrip("/")
        included = sorted(path.parent.glob(pattern))
        if not included:
            faults.append(f"there is no {pattern} to include")
        for other in included:
            for key, value in load(other).items():
                if key in pipeline:
                    faults.append(f"{key} stands in {other.name} and before")
                pipeline[key] = value
    stages = [*pipeline.get("stages", DEFAULT), *ALWAYS]
    jobs = {name: job for name, job in pipeline.items() if name not in NO_JOBS}
    for name, job in jobs.items():
        stage = job.get("stage", "test")
        if stage not in stages and not name.startswith("."):
            faults.append(f"{name}: the stage {stage} is not declared")
        if "script" not in job and not name.startswith("."):
            faults.append(f"{name}: has no script")
        for need in job.get("needs", []):
            need = need if isinstance(need, str) else need["job"]
            if need not in jobs:
                faults.append(f"{name}: needs {need}, which does not exist")
    used = {job.get("stage", "test") for job in jobs.values()}
    faults += [f"the stage {stage} has no job" for stage in pipeline.get("stages", []) if stage not in used]
    print("\n".join(faults) or f"{len(jobs)} jobs")
    return 1 if faults or not jobs else 0


if __name__ == "__main__":
    sys.exit(main(Path(sys.argv[1])))
