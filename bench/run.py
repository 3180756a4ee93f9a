#!/usr/bin/env python3
"""Measures the emitted services beside a naive endpoint, LitServe and BentoML, and writes docs/performance.md.

It needs uv, wrk and groundplan's binary. Exits with 1 if the emitted service is below the bar, see report.py.
"""

import argparse
import dataclasses
import json
import os
import shutil
import sys
import threading
from collections import defaultdict
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import live
import measure
import report
from contenders import ROOT, SERVERS, WORK, Contender, beside, emitted, openai_body

CONNECTIONS = (1, 32, 256)


def variants(service: Contender, collector: str) -> list[Contender]:
    """The emitted service as it is once more, then without one of its parts or with one more."""
    key_id = "_".join(service.keys[0].split("_", 2)[:2])
    env = service.env | {"PYTHONPATH": str(service.folder), "BENCH_KEY_ID": key_id}

    def variant(name: str, part: str, **more: str) -> Contender:
        command = [str(service.environment / "bin/python"), str(SERVERS / "variant.py"), part]
        return dataclasses.replace(service, name=name, command=command, env=env | more)

    return [
        variant(report.WHOLE, "as_generated"),
        variant("without_key", "without_key"),
        variant("without_metering", "without_metering"),
        variant("without_access_log", "without_access_log"),
        variant("key looked up each time", "as_generated", KEY_CACHE_SECONDS="0"),
        variant("with metrics", "as_generated", METRICS_PORT="9199"),
        variant("with tracing", "as_generated", OTEL_EXPORTER_OTLP_ENDPOINT=collector),
        dataclasses.replace(variant(report.REFUSING, "refusing"), refuses=True),
    ]


class Collector(BaseHTTPRequestHandler):
    """Takes what OpenTelemetry sends, and keeps none of it."""

    protocol_version = "HTTP/1.1"

    def do_POST(self) -> None:
        self.rfile.read(int(self.headers["Content-Length"]))
        self.send_response(200)
        self.send_header("Content-Length", "0")
        self.end_headers()

    def log_message(self, *_: object) -> None:
        """Nothing."""


def collect() -> str:
    """The address of a collector that is there until the end."""
    server = ThreadingHTTPServer(("127.0.0.1", 0), Collector)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    return f"http://127.0.0.1:{server.server_port}"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--quick", action="store_true", help="the emitted service and the naive endpoint, shortly")
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--seconds", type=int, default=6, help="of each measurement")
    arguments = parser.parse_args()
    if shutil.which("wrk") is None:
        sys.exit("wrk is not installed: apt-get install wrk")
    WORK.mkdir(parents=True, exist_ok=True)

    rounds, seconds = (1, 2) if arguments.quick else (arguments.rounds, arguments.seconds)
    service = emitted("api-first")
    library = WORK / "api-first/libs/intelligence"
    contenders = [
        beside("naive", library, ["uvicorn", "naive:app", "--port", "$PORT", "--no-access-log"]),
        service,
    ]
    others: list[Contender] = []
    if not arguments.quick:
        contenders += [
            emitted("monolith"),
            beside("litserve", library, ["python", "lit.py", "$PORT"]),
            beside(
                "bentoml", library, ["bentoml", "serve", "bento:Embeddings", "--port", "$PORT"],
                env={"BENTOML_DO_NOT_TRACK": "True"}, body=json.dumps({"input": [report.TEXT]}),
            ),
        ]
        others = [
            *(dataclasses.replace(each, name=f"{each.name}, float", body=openai_body("float")) for each in contenders[:2]),
            *variants(service, collect()),
        ]

    found: dict[tuple[str, int], list[measure.Measured]] = defaultdict(list)
    for number in range(rounds):
        for contender in (*contenders, *others):
            connections = (32,) if arguments.quick or contender in others else CONNECTIONS
            with measure.serving(contender) as (pid, address):
                for each in connections:
                    run = measure.load(contender, pid, address, each, seconds)
                    found[contender.name, each].append(run)
                    print(
                        f"round {number + 1}  {contender.name} at {each}: {run.cpu:.1f} ms CPU a request, "
                        f"{run.refused:.0%} refused, {run.broken} broken, {run.foreign:.0%} of the machine taken",
                        flush=True,
                    )

    met, sentence = report.bar(found)
    print(f"the bar, {sentence}")
    if not arguments.quick:
        kept = {f"{name} at {each}": [dataclasses.asdict(run) for run in runs] for (name, each), runs in found.items()}
        (WORK / "found.json").write_text(json.dumps(kept, indent=2))
        how = f"{rounds} rounds of {seconds} s a measurement, on {os.cpu_count()} shared virtual CPUs."
        names = [contender.name for contender in contenders]
        page = Path(ROOT / "docs/performance.md")
        _, heading, streams = page.read_text().partition(live.HEADING)  # written by live.py
        page.write_text("\n".join([report.page(found, names, CONNECTIONS, how), *([heading + streams] if heading else [])]))
    sys.exit(not met)


if __name__ == "__main__":
    main()
