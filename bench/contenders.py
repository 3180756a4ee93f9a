"""What is measured: how each server is installed and started, and what is sent to it."""

import json
import os
import secrets
import shutil
import subprocess
import sys
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
WORK = ROOT / "target/bench"
SERVERS = Path(__file__).resolve().parent / "servers"
GROUNDPLAN = ROOT / "target/debug/groundplan"

MODEL = "all-minilm-l6-v2-int8"
TEXT = "Where is my parcel? It was due on Monday."
KEYS = 8  # no key alone sends more than RATE_LIMIT
ANSWERS = ["--defaults", "--workloads", "inference-api", "--database", "sqlite", "--admin", "none"]
FORCED = ["--architecture-reason", "measured", "--confirm", "C18", "--no-git", "--quiet"]
# Of the frameworks that stand beside; the emitted projects lock their own.
PINNED = {
    "naive": ["fastapi~=0.165.0", "uvicorn[standard]~=0.54.0"],
    "litserve": ["litserve==0.2.19"],
    "bentoml": ["bentoml==1.4.40"],
}


def openai_body(encoding: str) -> str:
    return json.dumps({"model": MODEL, "input": TEXT, "encoding_format": encoding})


@dataclass(frozen=True)
class Contender:
    """A server on `$PORT`, ready when `ready` answers 200."""

    name: str
    command: list[str]
    folder: Path
    environment: Path  # of Python
    env: dict[str, str] = field(default_factory=dict)
    keys: list[str] = field(default_factory=lambda: ["none"])
    body: str = openai_body("base64")  # what OpenAI's client asks for
    ready: str = "/v1/embeddings"  # asked with the body
    refuses: bool = False  # everything: what it costs is by refusal

    def environ(self, port: int) -> dict[str, str]:
        path = f"{self.environment / 'bin'}:{os.environ['PATH']}"
        return {"PATH": path, "HOME": os.environ["HOME"], "PORT": str(port), **self.env}


def run(*command: object, cwd: Path = ROOT, env: dict[str, str] | None = None) -> str:
    done = subprocess.run([str(each) for each in command], cwd=cwd, env=env, capture_output=True, text=True)
    if done.returncode:
        sys.exit(f"{' '.join(map(str, command))}: {done.returncode}\n{done.stdout}{done.stderr}")
    return done.stdout


def project(architecture: str, answers: Sequence[str]) -> Path:
    """Generated afresh; its environment is kept between runs."""
    folder = WORK / architecture
    kept = folder / ".venv"
    if kept.exists():
        shutil.rmtree(WORK / "kept", ignore_errors=True)
        kept.rename(WORK / "kept")
    shutil.rmtree(folder, ignore_errors=True)
    run(GROUNDPLAN, "new", architecture, *answers, "--architecture", architecture, *FORCED, cwd=WORK)
    if (WORK / "kept").exists():
        (WORK / "kept").rename(kept)
    run("uv", "sync", "--quiet", cwd=folder)
    return folder


def beside(name: str, library: Path, command: list[str], **how: str) -> Contender:
    environment = WORK / f"{name}-environment"
    run("uv", "venv", "--quiet", "--allow-existing", "--no-project", environment)
    run("uv", "pip", "install", "--quiet", "--python", environment / "bin/python", *PINNED[name], f"{library}[embedded]")
    return Contender(name, command, SERVERS, environment, **how)


def emitted(
    architecture: str, answers: Sequence[str] = ANSWERS, scopes: Sequence[str] = ("inference",)
) -> Contender:
    """Migrated, with its keys, in production's settings: what `just run` starts."""
    root = project(architecture, answers)
    [folder] = (root / "services").iterdir()
    database = WORK / f"{architecture}.sqlite3"
    for each in WORK.glob(f"{database.name}*"):
        each.unlink()
    env = {
        "SECRET_KEY": secrets.token_hex(32),
        "DATABASE_URL": f"sqlite:///{database}",
        "ALLOWED_HOSTS": "127.0.0.1",
        "EMAIL_URL": "smtp://127.0.0.1",
        "FORWARDED_ALLOW_IPS": "127.0.0.1",
    }
    contender = Contender(architecture, ["just", "run"], folder, root / ".venv", env, ready="/readyz")
    environ = contender.environ(0) | {"PORT": "8000"}
    run("just", "migrate", cwd=folder, env=environ)
    for number in range(KEYS):
        opens = [part for scope in scopes for part in ("--scope", scope)]
        key = run("just", "key", "issue", "--name", f"bench-{number}", *opens, cwd=folder, env=environ)
        contender.keys.append(key.split()[-1])
    contender.keys.remove("none")
    return contender
