#!/usr/bin/env python3
"""Measures a thousand open live streams on the emitted service and monolith, and writes their part of
docs/performance.md.

It needs uv and groundplan's binary.
"""

import argparse
import asyncio
import http.client
import json
import os
import resource
import secrets
import sys
import time
from dataclasses import dataclass
from pathlib import Path
from statistics import median, quantiles

import measure
from contenders import ROOT, WORK, Contender, emitted

HEADING = "## Live streams"
ANSWERS = ["--defaults", "--workloads", "realtime-analytics", "--database", "sqlite", "--admin", "none"]
NAMES = {"api-first": "**emitted FastAPI service**", "monolith": "emitted Django monolith"}
BATCH = 50  # streams that are opened at a time
FREE = 1.0  # seconds between one change and the next


@dataclass(frozen=True)
class Measured:
    """Gaps in ms from sending a measurement to reading its event, memory in KB a stream, CPU in ms an event."""

    p50: float
    p99: float
    memory: float
    cpu: float


class Watcher:
    """One stream, whose events are counted as they come."""

    def __init__(self) -> None:
        self.came = asyncio.Queue[float]()

    async def open(self, port: int, key: str) -> None:
        self._reader, self._writer = await asyncio.open_connection("127.0.0.1", port)
        self._writer.write(
            f"GET /v1/live?window=1h HTTP/1.1\r\nHost: 127.0.0.1\r\nAuthorization: Bearer {key}\r\n\r\n".encode()
        )
        await self._reader.readuntil(b"event: ready")
        self._reading = asyncio.create_task(self._read())

    async def _read(self) -> None:
        while line := await self._reader.readline():
            if line == b"event: window\n":
                self.came.put_nowait(time.perf_counter())

    async def close(self) -> None:
        self._reading.cancel()
        self._writer.close()


def send(port: int, key: str, number: int) -> None:
    link = http.client.HTTPConnection("127.0.0.1", port)
    measured = {"id": secrets.token_hex(8), "metric": "tick", "value": number}
    body = json.dumps({"measurements": [measured]})
    headers = {"Authorization": f"Bearer {key}", "Content-Type": "application/json", "X-Forwarded-Proto": "https"}
    link.request("POST", "/v1/measurements", body, headers)
    response = link.getresponse()
    assert response.status == 202, response.read()
    link.close()


async def watched(contender: Contender, pid: int, port: int, streams: int, ticks: int) -> Measured:
    key = contender.keys[0]
    send(port, key, -1)  # what is loaded once is loaded
    before = measure.memory(pid)
    watchers = [Watcher() for _ in range(streams)]
    for first in range(0, streams, BATCH):
        await asyncio.gather(*(each.open(port, key) for each in watchers[first : first + BATCH]))
    memory = (measure.memory(pid) - before) * 1000 / streams
    gaps: list[float] = []
    used = measure.cpu(pid)
    for number in range(ticks):
        sent = time.perf_counter()
        await asyncio.to_thread(send, port, key, number)
        gaps += [(await each.came.get() - sent) * 1000 for each in watchers]
        await asyncio.sleep(FREE)
    used = measure.cpu(pid) - used
    for each in watchers:
        await each.close()
    cuts = quantiles(gaps, n=100)
    return Measured(cuts[49], cuts[98], memory, used * 1000 / len(gaps))


def section(found: dict[str, list[Measured]], streams: int, ticks: int) -> str:
    def ratio(name: str, figure: str) -> str:
        pairs = zip(found[name], found["api-first"], strict=True)
        return f"{median(getattr(one, figure) / getattr(base, figure) for one, base in pairs):.2f} ×"

    rows = [
        f"| {NAMES[name]} | {ratio(name, 'p50')} | {ratio(name, 'p99')} "
        f"| {median(run.p99 / run.p50 for run in runs):.1f} × | {median(run.cpu for run in runs):.3f} ms "
        f"| {median(run.memory for run in runs):.0f} KB |"
        for name, runs in found.items()
    ]
    return "\n".join(
        [
            HEADING,
            "",
            f"{streams} clients of one process watch one metric by server-sent events; a measurement a second changes "
            "its window, and each client is told. Written by `make bench-live`.",
            "",
            "| | gap, p50 | gap, p99 | its p99 to its p50 | CPU an event | memory a stream |",
            "| --- | --- | --- | --- | --- | --- |",
            *rows,
            "",
            "The gap is from sending the measurement to reading its event, of all clients, as a ratio to the service's in "
            "the same round: it holds the taking in, the record of usage, and the sending to all who come before. CPU is "
            "the server's, taking in included, by event sent. Memory is what the process grew by while the streams were "
            f"opened. Rounds: {len(found['api-first'])}, of {ticks} changes each, on {os.cpu_count()} shared virtual CPUs; the "
            "clients are one Python process on the same machine. In the monolith each stream holds a thread that sleeps.",
            "",
        ]
    )


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--streams", type=int, default=1000)
    parser.add_argument("--ticks", type=int, default=15)
    parser.add_argument("--rounds", type=int, default=3)
    arguments = parser.parse_args()
    _, most = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (most, most))
    WORK.mkdir(parents=True, exist_ok=True)
    contenders = [emitted(name, ANSWERS, ("measurements", "analytics")) for name in NAMES]
    found: dict[str, list[Measured]] = {each.name: [] for each in contenders}
    for number in range(arguments.rounds):
        for contender in contenders:
            contender.env["LIVE_STREAMS"] = str(arguments.streams)
            with measure.serving(contender) as (pid, address):
                port = int(address.rpartition(":")[2])
                run = asyncio.run(watched(contender, pid, port, arguments.streams, arguments.ticks))
            found[contender.name].append(run)
            print(
                f"round {number + 1}  {contender.name}: {run.p50:.0f} ms p50, {run.p99:.0f} ms p99, "
                f"{run.cpu:.3f} ms CPU an event, {run.memory:.0f} KB a stream",
                flush=True,
            )
    if arguments.streams < 1000:
        sys.exit("fewer streams than docs/performance.md speaks of: nothing is written")
    page = Path(ROOT / "docs/performance.md")
    before, _, _ = page.read_text().partition(HEADING)
    page.write_text(f"{before.rstrip()}\n\n{section(found, arguments.streams, arguments.ticks)}")


if __name__ == "__main__":
    main()
