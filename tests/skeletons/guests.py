"""A project made inside what is somebody's already: nothing of theirs is touched, and both go on working."""

from pathlib import Path

from processes import execute
from project import Project, hashes
from report import Steps


def _write(folder: Path, files: dict[str, str]) -> None:
    for name, text in files.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)


def _guest(host: Path) -> Project:
    """Makes a project in `host`, and fails when anything else there is another than before."""
    before = hashes(host)
    project = Project.new(host, {})
    after = {name: kind for name, kind in hashes(host).items() if name != "demo" and not name.startswith("demo/")}
    changed = sorted(name for name in before.keys() | after.keys() if before.get(name) != after.get(name))
    assert not changed, f"changed beside the project: {changed}"
    return project


def _locks_alone(project: Project) -> None:
    """The project has a lock and an environment of its own, whatever lies above it."""
    project.run("uv", "lock", "--check")
    project.run("uv", "sync", "--locked", "--only-group", "dev")
    assert (project.folder / ".venv").exists() and not (project.folder.parent / ".venv").exists()


def in_a_git_repository(step: Steps, scratch: Path) -> None:
    with step("nothing but the new folder is new"):
        host = scratch / "host"
        _write(host, {"README.md": "# Host\n", "src/a.txt": "a\n", ".gitignore": "*.log\n", "noise.log": "x\n"})
        for command in (["init", "--quiet"], ["add", "--all"], ["commit", "--quiet", "--message", "Start"]):
            execute(["git", *command], host)
        project = _guest(host)
        assert execute(["git", "status", "--porcelain"], host) == "?? demo/\n"
        assert execute(["git", "log", "--oneline"], host).count("\n") == 1
        assert not (project.folder / ".git").exists()
        execute(["git", "add", "--all"], host)
        staged = execute(["git", "diff", "--cached", "--name-only"], host).split()
        assert "demo/uv.lock" in staged and "demo/.env" not in staged, staged
    with step("it locks alone"):
        _locks_alone(project)


def in_a_cargo_workspace(step: Steps, scratch: Path) -> None:
    with step("cargo sees what it saw"):
        crate = '[package]\nname = "one"\nversion = "0.1.0"\nedition = "2024"\n'
        _write(scratch / "host", {
            "Cargo.toml": '[workspace]\nresolver = "3"\nmembers = ["crates/*"]\n',
            "crates/one/Cargo.toml": crate, "crates/one/src/lib.rs": "",
        })
        host = scratch / "host"
        metadata = ["cargo", "metadata", "--offline", "--no-deps", "--format-version=1"]
        execute(["cargo", "generate-lockfile", "--offline"], host)
        before = execute(metadata, host)
        project = _guest(host)
        assert execute(metadata, host) == before
    with step("it locks alone"):
        _locks_alone(project)


def in_a_uv_workspace(step: Steps, scratch: Path) -> None:
    with step("uv sees what it saw"):
        host = scratch / "host"
        member = '[project]\nname = "one"\nversion = "0.1.0"\nrequires-python = ">=3.12"\ndependencies = []\n'
        _write(host, {
            "pyproject.toml": '[tool.uv.workspace]\nmembers = ["packages/*"]\n',
            "packages/one/pyproject.toml": member,
        })
        execute(["uv", "lock"], host)
        project = _guest(host)
        execute(["uv", "lock", "--check"], host)
    with step("it locks alone"):
        _locks_alone(project)
