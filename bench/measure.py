"""One server at a time under load: what it answered, and the CPU and memory of its processes."""

import json
import os
import signal
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from contenders import WORK, Contender

TICK = os.sysconf("SC_CLK_TCK")
START = 120  # seconds until a server must answer
SCRIPT = Path(__file__).with_name("wrk.lua")


@dataclass(frozen=True)
class Measured:
    """Throughput is of answers that were no refusal, in requests a second; CPU in ms a request, memory in MB."""

    throughput: float
    p99: float
    cpu: float
    memory: float
    refused: float
    broken: int
    foreign: float


def tree(pid: int) -> list[int]:
    found = [pid]
    for each in found:
        for task in Path(f"/proc/{each}/task").glob("*/children"):
            try:
                found += [int(child) for child in task.read_text().split()]
            except OSError:
                pass
    return found


def cpu(pid: int) -> float:
    """Seconds, of those that live; none of these servers replaces its processes."""
    total = 0
    for each in tree(pid):
        fields = Path(f"/proc/{each}/stat").read_text().rpartition(")")[2].split()
        total += int(fields[11]) + int(fields[12])
    return total / TICK


def memory(pid: int) -> float:
    """MB, what processes share counted once."""
    return sum(
        int(line.split()[1]) / 1000
        for each in tree(pid)
        for line in Path(f"/proc/{each}/smaps_rollup").read_text().splitlines()
        if line.startswith("Pss:")
    )


def machine() -> tuple[float, float]:
    """Seconds that all CPUs were busy, and that passed on them."""
    fields = [int(each) for each in Path("/proc/stat").read_text().splitlines()[0].split()[1:9]]
    return (sum(fields) - fields[3] - fields[4]) / TICK, sum(fields) / TICK


def settle(pid: int) -> None:
    """Until it has done what those asked who are gone: some servers notice, some do not."""
    for _ in range(150):
        before = cpu(pid)
        time.sleep(0.2)
        if cpu(pid) - before < 0.04:
            return


@contextmanager
def serving(contender: Contender) -> Iterator[tuple[int, str]]:
    """The process's id, and the server's address."""
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        port = listener.getsockname()[1]
    command = [each.replace("$PORT", str(port)) for each in contender.command]
    address = f"http://127.0.0.1:{port}"
    with (WORK / f"{contender.name}.log").open("wb") as log:
        server = subprocess.Popen(
            command, cwd=contender.folder, env=contender.environ(port), stdout=log, stderr=log, start_new_session=True
        )
    try:
        end = time.monotonic() + START
        while not answers(contender, address):
            if server.poll() is not None or time.monotonic() > end:
                sys.exit(f"{contender.name} does not serve, see {WORK / contender.name}.log")
            time.sleep(0.2)
        yield server.pid, address
    finally:
        os.killpg(server.pid, signal.SIGTERM)
        try:
            server.wait(30)
        except subprocess.TimeoutExpired:
            os.killpg(server.pid, signal.SIGKILL)
            server.wait()


def answers(contender: Contender, address: str) -> bool:
    body = None if contender.ready == "/readyz" else contender.body.encode()
    request = urllib.request.Request(f"{address}{contender.ready}", body, {"Content-Type": "application/json"})
    try:
        with urllib.request.urlopen(request, timeout=START) as response:
            return response.status == 200
    except (urllib.error.URLError, OSError):
        return False


def load(contender: Contender, pid: int, address: str, connections: int, seconds: int) -> Measured:
    """After a second that does not count, and when what it left behind is done."""
    environ = os.environ | {"BENCH_BODY": contender.body, "BENCH_KEYS": " ".join(contender.keys)}

    def wrk(duration: int) -> tuple[dict[str, float], float]:
        command = ["wrk", "-t1", f"-c{connections}", f"-d{duration}s", "--timeout", "60s", "-s", str(SCRIPT)]
        child = subprocess.Popen([*command, f"{address}/v1/embeddings"], env=environ, stdout=subprocess.PIPE, text=True)
        assert child.stdout is not None
        said = child.stdout.read()
        _, status, usage = os.wait4(child.pid, 0)
        if status:
            sys.exit(f"wrk failed on {contender.name}\n{said}")
        return json.loads(said.splitlines()[-1]), usage.ru_utime + usage.ru_stime

    wrk(1)
    settle(pid)
    used, (busy, passed) = cpu(pid), machine()
    found, own = wrk(seconds)
    used = cpu(pid) - used
    busy_now, passed_now = machine()
    served = found["requests"] if contender.refuses else found["requests"] - found["refused"]
    if not served:
        sys.exit(f"{contender.name} served nothing, see {WORK / contender.name}.log")
    return Measured(
        throughput=served / found["seconds"],
        p99=found["p99"],
        cpu=used * 1000 / served,
        memory=memory(pid),
        refused=found["refused"] / found["requests"],
        broken=int(found["broken"]),
        foreign=max(0.0, busy_now - busy - used - own) / (passed_now - passed),
    )
