"""Workers as processes, on Redis and PostgreSQL: TEST_REDIS_URL and TEST_DATABASE_URL name them."""

import asyncio
import json
import os
import sys
from asyncio import subprocess
from collections.abc import AsyncGenerator, AsyncIterator, Mapping
from contextlib import asynccontextmanager
from datetime import timedelta
from urllib.parse import urlsplit

import pytest
from redis.asyncio import Redis
from sqlalchemy import delete, func, select

from app.database import Database
from app.job_store import JobRecord, JobResult, SqlJobs
from app.job_worker import STREAM, Worker, build_broker
from app.keys import ApiKeys
from app.models import UsageRecord
from app.roles import Unrecorded
from app.settings import ROOT, Settings
from intelligence.api import jobs as api
from intelligence.engine import Engine
from intelligence.testing.embedder import MadeUpEmbedder

REDIS_URL = os.environ.get("TEST_REDIS_URL", "")
ON_POSTGRESQL = urlsplit(os.environ.get("TEST_DATABASE_URL", "")).scheme.startswith("postgres")
GUARD = 10.0  # seconds, against a hang
GUARD_OF_ALL = 300.0
WORKERS = 2
KILLS, JOBS, TEXTS = 5, 60, 64

pytestmark = pytest.mark.skipif(not REDIS_URL, reason="TEST_REDIS_URL names no Redis")


@pytest.fixture
async def redis() -> AsyncGenerator[Redis]:
    async with Redis.from_url(REDIS_URL) as redis:
        await redis.delete(STREAM)
        yield redis
        await redis.delete(STREAM)


@pytest.fixture
async def database(settings: Settings) -> AsyncGenerator[Database]:
    database = Database(settings.database_url)
    async with database.session() as session:
        await session.execute(delete(JobRecord))
    yield database
    await database.close()


@pytest.fixture
async def owner(database: Database, settings: Settings) -> str:
    key = await ApiKeys(database, settings.secret_key).issue("owner", ["jobs"])
    return "_".join(key.split("_", 2)[:2])


@pytest.fixture
def jobs(database: Database) -> SqlJobs:
    return SqlJobs(
        database, lease=timedelta(seconds=600), retention=timedelta(hours=1), most=10 * JOBS
    )


def request(texts: int, model: str) -> api.JobRequest:
    body = {"kind": "embeddings", "model": model, "input": [f"text {n}" for n in range(texts)]}
    return api.REQUEST.validate_python(body)


@asynccontextmanager
async def working(jobs: SqlJobs, url: str, concurrency: int) -> AsyncIterator[Worker]:
    engine = Engine(MadeUpEmbedder)
    await asyncio.wrap_future(engine.start())
    broker = build_broker(url)
    worker = Worker(jobs, engine, broker, concurrency=concurrency, counted=Unrecorded())
    try:
        async with worker.at_work(GUARD):
            yield worker
    finally:
        await asyncio.to_thread(engine.close, GUARD)


async def count(database: Database, status: api.Status) -> int:
    query = select(func.count()).where(JobRecord.status == status)
    async with database.reading() as session:
        return await session.scalar(query) or 0


async def all_have(database: Database, status: api.Status, number: int, seconds: float) -> None:
    async with asyncio.timeout(seconds):
        while True:
            if await count(database, status) >= number:
                return
            await asyncio.sleep(0.05)


async def test_who_rings_wakes_a_worker_elsewhere(
    jobs: SqlJobs, database: Database, owner: str, redis: Redis
) -> None:
    """Each looks by itself once in a minute or two: what is quicker was told."""
    async with working(jobs, REDIS_URL, 0) as api_process, working(jobs, REDIS_URL, 1):
        for number in range(1, 4):
            await jobs.create(owner, request(2, "made-up"))
            await api_process.ring()
            await all_have(database, "succeeded", number, GUARD)
        pending = await redis.xpending(STREAM, STREAM)
        assert pending["pending"] == 0


async def test_what_was_rung_before_a_worker_came_is_heard(
    jobs: SqlJobs, database: Database, owner: str, redis: Redis, monkeypatch: pytest.MonkeyPatch
) -> None:
    del redis
    async with working(jobs, REDIS_URL, 0) as api_process:
        await jobs.create(owner, request(2, "made-up"))
        await api_process.ring()
    sweep = jobs.sweep

    async def nothing_due() -> object:
        figures = await sweep()
        return type(figures)(figures.queued, figures.running, figures.oldest, due=False)

    monkeypatch.setattr(jobs, "sweep", nothing_due)
    async with working(jobs, REDIS_URL, 1):
        await all_have(database, "succeeded", 1, GUARD)


async def test_a_redis_that_is_away_only_delays(
    database: Database, owner: str, caplog: pytest.LogCaptureFixture
) -> None:
    jobs = SqlJobs(database, lease=timedelta(seconds=1), retention=timedelta(hours=1), most=9)
    async with working(jobs, "redis://127.0.0.1:1/0", 1) as worker:
        await jobs.create(owner, request(2, "made-up"))
        await worker.ring()
        await all_have(database, "succeeded", 1, GUARD)
    assert "the workers were not told of a job" in caplog.text
    assert "new jobs are not heard of" in caplog.text


class Workers:
    """Processes of the production server, each of which is replaced when it is killed."""

    def __init__(self, environ: Mapping[str, str]) -> None:
        self._environ = {**os.environ, **environ, "PORT": "0"}  # any: nobody asks for its probes
        self._processes: list[subprocess.Process] = []

    async def start(self) -> None:
        command = (sys.executable, "-m", "app", "serve")
        quiet = subprocess.DEVNULL
        process = await subprocess.create_subprocess_exec(
            *command, cwd=ROOT, env=self._environ, stderr=quiet
        )
        self._processes.append(process)

    async def kill_the_oldest(self) -> None:
        """With whatever it is at; another one starts in its place."""
        oldest = self._processes.pop(0)
        oldest.kill()
        await oldest.wait()
        await self.start()

    async def stop(self) -> None:
        for each in self._processes:
            each.terminate()
        async with asyncio.timeout(GUARD_OF_ALL):
            for each in self._processes:
                await each.wait()


@pytest.mark.skipif(not ON_POSTGRESQL, reason="TEST_DATABASE_URL names no PostgreSQL")
async def test_however_often_workers_are_killed_each_job_has_one_effect(
    database: Database, owner: str, redis: Redis
) -> None:
    del redis
    jobs = SqlJobs(database, lease=timedelta(seconds=2), retention=timedelta(hours=1), most=JOBS)
    for _ in range(JOBS):
        await jobs.create(owner, request(TEXTS, "all-minilm-l6-v2-int8"))
    workers = Workers(
        {
            "APP_ENV": "test",
            "APP_ROLE": "worker",
            "REDIS_URL": REDIS_URL,
            "DATABASE_URL": os.environ["TEST_DATABASE_URL"],
            "JOBS_LEASE": "2",
        }
    )
    try:
        for _ in range(WORKERS):
            await workers.start()
        for kill in range(1, KILLS + 1):
            await all_have(database, "succeeded", kill * JOBS // (KILLS + 1), GUARD_OF_ALL)
            await workers.kill_the_oldest()
        await all_have(database, "succeeded", JOBS, GUARD_OF_ALL)
    finally:
        await workers.stop()

    async with database.reading() as session:
        results = (await session.scalars(select(JobResult.content))).all()
        used = select(UsageRecord.input_tokens).where(UsageRecord.key_id == owner)
        tokens = (await session.scalars(used)).all()
        begun = await session.scalar(select(func.sum(JobRecord.attempt))) or 0
    assert len(results) == JOBS
    read = [json.loads(content)["usage"]["total_tokens"] for content in results]
    assert sorted(tokens) == sorted(read)
    assert begun > JOBS  # a kill met somebody at work
