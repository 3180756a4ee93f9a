"""Programs that the tests start: run to the end with a hang guard, or kept running, stopped and counted.

Only what was started here is ever signalled, by its pid. Descendants are known by a variable that they inherit in their
environment, and by having been seen under the outer process while it ran: neither a new session nor a lost parent
hides one.
"""

import os
import secrets
import signal
import socket
import subprocess
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager, nullcontext
from pathlib import Path

from terminal import Terminal, terminal

GUARD = 900  # seconds, after which something hangs; no test measures time
MARK = "GROUNDPLAN_TEST_PROCESS"
# What an emitted project reads, and what would make uv use another environment than the project's.
NOT_OURS = ["APP_ENV", "DATABASE_URL", "DEV_API_KEY", "HOST", "PORT", "SECRET_KEY", "TEST_DATABASE_URL", "REPLICAS",
            "WEB_CONCURRENCY", "AI_ALLOWED_HOSTS", "AI_BACKEND", "EMBEDDING_MODEL", "EMBEDDING_MODEL_DIR",
            "OPENAI_API_KEY", "OPENAI_BASE_URL", "OPENAI_TIMEOUT", "APP_ROLE", "REDIS_URL", "TEST_REDIS_URL", "PYTHONPATH", "UV_PROJECT_ENVIRONMENT",
            "VIRTUAL_ENV"]


_outer: set[subprocess.Popen] = set()


def end_all() -> None:
    """Kills what runs still, when the tests themselves are ended."""
    for process in list(_outer):
        if process.poll() is None:
            os.killpg(process.pid, signal.SIGKILL)


def environment(extra: Mapping[str, str] | None = None) -> dict[str, str]:
    """The caller's environment without what would leak into a project, with an identity for git."""
    kept = {name: value for name, value in os.environ.items() if name not in NOT_OURS}
    identity = {
        f"GIT_{role}_{what}": value
        for role in ("AUTHOR", "COMMITTER")
        for what, value in (("NAME", "Tests"), ("EMAIL", "tests@example.com"))
    }
    return kept | identity | {"GIT_CONFIG_GLOBAL": "/dev/null", "HF_HUB_OFFLINE": "1"} | dict(extra or {})


def tail(text: str, lines: int = 80) -> str:
    return "\n".join(text.splitlines()[-lines:])


def outcome(
    command: Sequence[str | Path], cwd: Path, env: Mapping[str, str] | None = None
) -> tuple[int, str]:
    """Runs a program to its end; returns its exit code, and standard output and error, in order."""
    process = subprocess.Popen(
        command, cwd=cwd, env=environment(env), text=True, start_new_session=True,
        stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
    )
    _outer.add(process)
    try:
        output, _ = process.communicate(timeout=GUARD)
    except subprocess.TimeoutExpired:
        os.killpg(process.pid, signal.SIGKILL)
        output, _ = process.communicate()
        raise AssertionError(f"`{shown(command)}` in {cwd} hangs\n{tail(output)}") from None
    finally:
        _outer.discard(process)
    return process.returncode, output


def execute(
    command: Sequence[str | Path], cwd: Path, env: Mapping[str, str] | None = None, expect: int = 0
) -> str:
    """Runs a program to its end; returns what it printed. Fails on another exit code."""
    code, output = outcome(command, cwd, env)
    if code != expect:
        raise AssertionError(f"`{shown(command)}` in {cwd} exited {code}, not {expect}\n{tail(output)}")
    return output


def shown(command: Sequence[str | Path]) -> str:
    return " ".join(map(str, command))


def until(
    holds: Callable[[], object], what: str, *, guard: float = 120,
    alive: subprocess.Popen | None = None, log: Path | None = None,
) -> None:
    """Waits for a condition; fails when a process that it needs ends, or when nothing happens."""
    end = time.monotonic() + guard
    while not holds():
        written = f"\n{tail(log.read_text(errors='replace'))}" if log else ""
        if alive and alive.poll() is not None:
            raise AssertionError(f"waiting for: {what}; the process exited {alive.returncode}{written}")
        if time.monotonic() > end:
            raise AssertionError(f"waited in vain for: {what}{written}")
        time.sleep(0.1)


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def _stat(pid: int) -> tuple[str, int, int]:
    """State, parent and start time of a process; the last tells it from a later one of the same number."""
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return fields[0], int(fields[1]), int(fields[19])


class Running:
    """A program that was started and everything that it started in turn.

    On a terminal of its own, where asked for, it can be interrupted as a person does it. That is not the same as
    SIGINT to the outer process: `just` leaves passing it on to the terminal, by design (casey/just#2473).
    """

    def __init__(
        self, command: Sequence[str | Path], cwd: Path, env: Mapping[str, str], log: Path, on: Terminal | None,
        pass_fds: Sequence[int] = (),
    ) -> None:
        self.log = log
        self._terminal = on
        self._mark = f"{MARK}={secrets.token_hex(8)}"
        self._seen: dict[int, int] = {}
        name, _, value = self._mark.partition("=")
        with log.open("ab") as output:
            self.outer = subprocess.Popen(
                on.attach(command) if on else command, cwd=cwd, env=environment({**env, name: value}),
                start_new_session=True, stdin=subprocess.DEVNULL, stdout=output, stderr=output, pass_fds=pass_fds,
            )
        _outer.add(self.outer)
        self._seen[self.outer.pid] = _stat(self.outer.pid)[2]

    def output(self) -> str:
        return self.log.read_text(errors="replace")

    def processes(self) -> dict[int, str]:
        """The living ones, pid to command line."""
        stats: dict[int, tuple[str, int, int]] = {}
        marked: set[int] = set()
        for entry in Path("/proc").iterdir():
            if entry.name.isdigit():
                pid = int(entry.name)
                try:
                    stats[pid] = _stat(pid)
                    if self._mark.encode() in (entry / "environ").read_bytes().split(b"\0"):
                        marked.add(pid)
                except OSError:
                    continue
        ours = marked | {pid for pid, started in self._seen.items() if pid in stats and stats[pid][2] == started}
        while more := {pid for pid, (_, parent, _) in stats.items() if parent in ours} - ours:
            ours |= more
        self._seen |= {pid: stats[pid][2] for pid in ours if pid in stats}
        living = {}
        for pid in ours:
            if stats[pid][0] != "Z":
                try:
                    command = Path(f"/proc/{pid}/cmdline").read_bytes().replace(b"\0", b" ").decode(errors="replace")
                except OSError:
                    continue
                living[pid] = command.strip()
        return living

    def stop(self, number: signal.Signals) -> None:
        """Signals the outer process alone. Fails when it goes on, or when anything that it started outlives it."""
        self._ends(number.name, lambda: os.kill(self.outer.pid, number))

    def interrupt(self) -> None:
        """Presses Ctrl-C on its terminal; as `stop` otherwise."""
        assert self._terminal, "it has no terminal"
        self._ends("Ctrl-C", self._terminal.press_ctrl_c)

    def _ends(self, cause: str, act: Callable[[], object]) -> None:
        started = self.processes()
        act()
        try:
            self.outer.wait(120)
        except subprocess.TimeoutExpired:
            raise AssertionError(f"goes on after {cause}: {self.processes()}\n{tail(self.output())}") from None
        try:
            until(lambda: not self.processes(), "the last process to end", guard=10)
        except AssertionError:
            left = self.processes()
            raise AssertionError(f"{len(left)} of {len(started)} processes survive {cause}: {left}") from None

    def end(self) -> None:
        """Kills what is left, for a test that failed half-way."""
        for pid in self.processes():
            try:
                os.kill(pid, signal.SIGKILL)
            except ProcessLookupError:
                continue
        self.outer.wait()
        _outer.discard(self.outer)


@contextmanager
def running(
    command: Sequence[str | Path], cwd: Path, env: Mapping[str, str], log: Path, *, interactive: bool = False,
    pass_fds: Sequence[int] = (),
) -> Iterator[Running]:
    """Starts a program, on a terminal where asked for; in the end nothing of it is left, whatever happened."""
    with terminal(log) if interactive else nullcontext() as on:
        process = Running(command, cwd, env, log, on, pass_fds)
        try:
            yield process
        finally:
            process.end()
