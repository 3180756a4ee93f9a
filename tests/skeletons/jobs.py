#!/usr/bin/env python3
"""Jobs of an emitted project on Redis and PostgreSQL: its own tests, and workers that are killed and paused.

Jobs are asked for over HTTP. Their workers are killed (SIGKILL), at whatever they are doing, and some are stopped
(SIGSTOP) for longer than a lease and go on. In the end each job has one result and one row of usage. The scenario is a
small one; run as a program, by `make jobs`, it is five hundred jobs and fifty kills.
"""

import os
import random
import secrets
import signal
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from threading import Timer

import postgresql
import redis_server
from processes import environment, execute, free_port, running, until
from project import Project
from report import Report, Steps
from service import Service

BATCH = {
    "architecture": "api-first", "architecture_reason": "the tests ask for it", "workloads": "inference-api",
    "model_serving": "batch", "database": "postgresql",
}
WORKERS = 3
TEXTS = 48  # a job: two parts
LEASE = 2  # seconds
GUARD = 1800  # seconds, after which something hangs
MODEL = "all-minilm-l6-v2-int8"

COUNTS = """
SELECT (SELECT count(*) FROM job WHERE status = 'succeeded'), (SELECT count(*) FROM job), (SELECT count(*) FROM job_result),
       (SELECT count(*) FROM usage_record WHERE operation = 'embeddings job'),
       (SELECT coalesce(sum(input_tokens), 0) FROM usage_record WHERE operation = 'embeddings job'),
       (SELECT count(*) FROM job WHERE attempt > 1), (SELECT coalesce(sum(attempt), 0) FROM job)
"""


@dataclass(frozen=True)
class Ordeal:
    jobs: int
    kills: int
    pauses: int


SMALL, WHOLE = Ordeal(60, 6, 2), Ordeal(500, 50, 5)


class Worker:
    """A process with APP_ROLE=worker."""

    def __init__(self, project: Project, env: Mapping[str, str], log: Path) -> None:
        self.service = Service(free_port())
        port = {"PORT": self.service.address.rpartition(":")[2], "APP_ROLE": "worker"}
        with log.open("ab") as output:
            self.process = subprocess.Popen(
                [project.folder / ".venv/bin/python", "-m", "app", "serve"], cwd=project.folder / "services/ai",
                env=environment({**env, **port}), stdin=subprocess.DEVNULL, stdout=output, stderr=output,
            )

    def kill(self) -> None:
        self.process.kill()
        self.process.wait()

    def pause(self, seconds: float) -> Timer:
        """Stopped, and goes on after so long, whatever has become of its job."""
        self.process.send_signal(signal.SIGSTOP)
        timer = Timer(seconds, self.process.send_signal, [signal.SIGCONT])
        timer.start()
        return timer


class Workers:
    """So many at a time: another one begins where one was killed."""

    def __init__(self, project: Project, env: Mapping[str, str], log: Path) -> None:
        self._start = lambda: Worker(project, env, log)
        self._timers: list[Timer] = []
        self.all = [self._start() for _ in range(WORKERS)]

    def at_work(self) -> Worker:
        """One of those that are ready, once there is one."""
        until(lambda: [each for each in self.all if each.service.ready()], "a worker that is ready")
        return random.choice([each for each in self.all if each.service.ready()])

    def kill_one(self) -> None:
        victim = self.at_work()
        self.all.remove(victim)
        victim.kill()
        self.all.append(self._start())

    def pause_one(self) -> None:
        self._timers.append(self.at_work().pause(2 * LEASE))

    def end(self) -> None:
        for timer in self._timers:
            timer.join()
        for each in self.all:
            each.process.terminate()
        for each in self.all:
            each.process.wait(60)


@contextmanager
def asked_for(project: Project, env: Mapping[str, str], scratch: Path) -> Iterator[tuple[Service, str]]:
    """A server that leaves jobs to workers, and a key for it."""
    service, log = Service(free_port()), scratch / "server.log"
    path = {"PATH": f"{project.folder}/.venv/bin:{os.environ['PATH']}"}
    env = {**env, **path, "PORT": service.address.rpartition(":")[2], "JOBS_CONCURRENCY": "0"}
    folder = project.folder / "services/ai"
    execute(["alembic", "upgrade", "heads"], folder, env)
    issued = execute(["python", "-m", "app", "keys", "issue", "--name=tests", "--scope=jobs"], folder, env)
    with running(["python", "-m", "app", "serve"], folder, env, log) as process:
        until(service.ready, "/readyz", alive=process.outer, log=log)
        yield service, issued.split()[0]
        process.stop(signal.SIGTERM)


def each_job_has_one_effect(
    project: Project, scratch: Path, server: postgresql.Server, redis: str, ordeal: Ordeal
) -> str:
    """Returns what happened, in a sentence."""
    database = server.create("kills")
    env = {
        "DATABASE_URL": database, "REDIS_URL": redis, "SECRET_KEY": secrets.token_hex(32), "JOBS_LEASE": str(LEASE),
        "RATE_LIMIT": "0", "EMAIL_URL": "smtp://127.0.0.1",
    }

    def counts() -> list[int]:
        return [int(each) for each in server.sql("kills", COUNTS).split("|")]

    def reach(number: int) -> None:
        until(lambda: counts()[0] >= number, f"{number} jobs have succeeded", guard=GUARD)

    with asked_for(project, env, scratch) as (service, key):
        def ask(number: int) -> str:
            body = {"kind": "embeddings", "model": MODEL, "input": [f"job {number} text {each}" for each in range(TEXTS)]}
            answer = service.ask("/v1/jobs", body, key)
            assert answer.status == 202, answer
            return str(answer.json()["id"])

        with ThreadPoolExecutor(8) as pool:
            ids = list(pool.map(ask, range(ordeal.jobs)))
        workers = Workers(project, env, scratch / "workers.log")
        try:
            for kill in range(1, ordeal.kills + 1):
                reach(kill * ordeal.jobs // (ordeal.kills + 1))
                workers.kill_one()
                if kill % (ordeal.kills // ordeal.pauses) == 0:
                    workers.pause_one()
            reach(ordeal.jobs)
        finally:
            workers.end()
        succeeded, jobs, results, usage, tokens, repeated, attempts = counts()
        assert {succeeded, jobs, results, usage} == {ordeal.jobs}, counts()
        read = 0
        for each in ids:
            result = service.ask(f"/v1/jobs/{each}/result", key=key)
            assert result.status == 200 and len(result.json()["data"]) == TEXTS, (each, result.status)
            read += result.json()["usage"]["total_tokens"]
        assert read == tokens, f"{tokens} tokens were written down, and {read} read"
        assert repeated > 0, "no kill met a worker at work"
    return (
        f"{jobs} jobs, {ordeal.kills} kills, {ordeal.pauses} pauses: {results} results, {usage} rows of usage, {tokens} tokens in both; "
        f"{repeated} jobs were begun more than once, {attempts} attempts in all"
    )


def have_one_effect(step: Steps, scratch: Path, ordeal: Ordeal = SMALL) -> None:
    """The scenario: a project of its own."""
    with step("groundplan new, uv sync"):
        project = Project.new(scratch, BATCH)
        project.run("uv", "sync", "--locked")
    with postgresql.server() as server, redis_server.redis() as redis:
        with step("just test on Redis and PostgreSQL"):
            env = {"TEST_DATABASE_URL": server.create("tests"), "TEST_REDIS_URL": redis}
            said = project.just("services/ai/test", "-rs", env=env)
            assert "SKIPPED" not in said, said
        with step(f"{ordeal.jobs} jobs, {ordeal.kills} kills: one effect each"):
            print(each_job_has_one_effect(project, scratch, server, redis, ordeal), flush=True)


def main() -> int:
    report = Report()
    with tempfile.TemporaryDirectory(prefix="groundplan-jobs-") as scratch:
        have_one_effect(report.of("jobs"), Path(scratch), WHOLE)
    return report.close()


if __name__ == "__main__":
    sys.exit(main())
