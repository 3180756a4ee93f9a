"""Callers of a running service, as many requests a second as budgets.toml plans for.

Each asks once a second for what the plan's CPU time of a call stands for; `calling` says what that
is. The exit code is 0 if every budget was kept, else 1.
"""

import json
import random
import sys
import time
import urllib.error
import urllib.request
from argparse import ArgumentParser
from pathlib import Path
from typing import Any

from locust import FastHttpUser, LoadTestShape, constant_throughput, events, task
from locust.env import Environment

import budgets
import calling

LOAD, BUDGET = budgets.read(Path(__file__).with_name("budgets.toml"))


def add_options(parser: ArgumentParser) -> None:
    parser.add_argument("--key", env_var="DEV_API_KEY", is_secret=True, help="API key")
    parser.add_argument(
        "--share",
        type=int,
        default=1,
        metavar="PROCESSES",
        help="of the planned processes, how many serve here",
    )


def prepare(environment: Environment, **_: Any) -> None:
    """Before all else, so that a wrong address or key is told as such."""
    headers = {"Authorization": f"Bearer {environment.parsed_options.key}"}
    headers["Content-Type"] = "application/json"

    def ask(path: str, body: object = None) -> Any:
        url = f"{environment.host}{path}"
        content = None if body is None else json.dumps(body).encode()
        try:
            request = urllib.request.Request(url, content, headers)
            with urllib.request.urlopen(request, timeout=60) as response:
                return json.load(response)
        except urllib.error.HTTPError as error:
            sys.exit(f"{url} answers {error.code}: is --key right?")
        except OSError as error:
            sys.exit(f"{url} does not answer: {error}. Is `just dev` running, or --host?")

    Caller.model = calling.prepare(ask)


class Caller(FastHttpUser):
    wait_time = constant_throughput(1)
    model = ""

    def on_start(self) -> None:
        time.sleep(random.random())  # or all would call at the same moment of each second

    @task
    def call(self) -> None:
        headers = {"Authorization": f"Bearer {self.environment.parsed_options.key}"}
        method, path, body = calling.call(self.model)
        self.client.request(method, path, json=body, headers=headers)


class Peak(LoadTestShape):
    """All callers from the first second on, until the time is over."""

    def tick(self) -> tuple[int, float] | None:
        assert self.runner is not None
        if self.get_run_time() > LOAD.seconds:
            return None
        callers = LOAD.rate(self.runner.environment.parsed_options.share)
        return callers, callers


def judge(environment: Environment, **_: Any) -> None:
    total = environment.stats.total
    measured = budgets.Measured(
        rate=total.total_rps,
        failure_ratio=total.fail_ratio,
        p95_ms=total.get_response_time_percentile(0.95),
        p99_ms=total.get_response_time_percentile(0.99),
    )
    verdicts = BUDGET.judge(LOAD.rate(environment.parsed_options.share), measured)
    for verdict in verdicts:
        print(f"{'kept' if verdict.kept else 'BROKEN':6} {verdict.name}: {verdict.text}")
    environment.process_exit_code = 0 if all(verdict.kept for verdict in verdicts) else 1


events.init_command_line_parser.add_listener(add_options)
events.init.add_listener(prepare)
events.quitting.add_listener(judge)
