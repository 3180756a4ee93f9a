"""Workers, on made-up models: what they do with what comes between."""

import asyncio
import signal
from collections.abc import AsyncGenerator, AsyncIterator, Awaitable, Callable, Sequence
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from datetime import timedelta
from threading import Event
from typing import Protocol, override

import pytest
from redis.exceptions import RedisError
from sqlalchemy import delete, select, update
from sqlalchemy.exc import OperationalError
from sqlalchemy.exc import TimeoutError as PoolTimeoutError
from taskiq import AsyncBroker, BrokerMessage, InMemoryBroker

from app import job_worker
from app.database import Database
from app.job_store import Figures, JobRecord, SqlJobs
from app.job_worker import Worker
from app.keys import ApiKeys
from app.models import UsageRecord, utcnow
from app.roles import Unrecorded
from app.settings import Settings
from intelligence.api import jobs as api
from intelligence.engine import Engine
from intelligence.errors import InputTooLarge
from intelligence.ports import Embeddings
from intelligence.testing.embedder import GatedModel, MadeUpEmbedder, Read

GUARD = 10.0  # seconds, against a hang
TEXTS = [f"text {index}" for index in range(2 * api.PART + 1)]
POISON = "poison"


def request(texts: Sequence[str], model: str = "made-up") -> api.JobRequest:
    return api.REQUEST.validate_python({"kind": "embeddings", "model": model, "input": texts})


class Recording(MadeUpEmbedder):
    """Breaks down at what it is told to, for so many runs."""

    def __init__(self, breaks: int = 0) -> None:
        self.breaks = breaks
        self.read: list[str] = []

    @override
    def prepare(self, texts: Sequence[str]) -> Read:
        if "too long" in texts:
            raise InputTooLarge(texts.index("too long"), 9, 8)
        return super().prepare(texts)

    @override
    def run(self, batch: Sequence[Read]) -> list[Embeddings]:
        self.read += [text for each in batch for text in each.texts]
        if any(POISON in each.texts for each in batch):
            raise RuntimeError("poisoned")
        if self.breaks and self.read != ["warm up"]:
            self.breaks -= 1
            raise RuntimeError("broken down")
        return super().run(batch)


class Deaf(InMemoryBroker):
    """Whoever rings is not heard."""

    @override
    async def kick(self, message: BrokerMessage) -> None:
        raise RedisError("nobody listens")


@pytest.fixture
async def database(settings: Settings) -> AsyncGenerator[Database]:
    database = Database(settings.database_url)
    async with database.session() as session:
        await session.execute(delete(JobRecord))
    yield database
    async with database.session() as session:
        await session.execute(delete(JobRecord))
    await database.close()


@pytest.fixture
async def owner(database: Database, settings: Settings) -> str:
    key = await ApiKeys(database, settings.secret_key).issue("owner", ["jobs"])
    return "_".join(key.split("_", 2)[:2])


@pytest.fixture
def jobs(database: Database) -> SqlJobs:
    return SqlJobs(database, lease=timedelta(seconds=1), retention=timedelta(hours=1), most=100)


class Working(Protocol):
    def __call__(
        self,
        model: MadeUpEmbedder,
        *,
        concurrency: int = 1,
        grace: float = GUARD,
        max_queue: int = 256,
        broker: AsyncBroker | None = None,
    ) -> AbstractAsyncContextManager[tuple[Worker, Engine]]: ...


@pytest.fixture
def working(jobs: SqlJobs) -> Working:
    @asynccontextmanager
    async def working(
        model: MadeUpEmbedder,
        *,
        concurrency: int = 1,
        grace: float = GUARD,
        max_queue: int = 256,
        broker: AsyncBroker | None = None,
    ) -> AsyncIterator[tuple[Worker, Engine]]:
        engine = Engine(lambda: model, max_queue=max_queue)
        await asyncio.wrap_future(engine.start())
        worker = Worker(
            jobs,
            engine,
            broker or InMemoryBroker(),
            concurrency=concurrency,
            counted=Unrecorded(),
        )
        try:
            async with worker.at_work(grace):
                yield worker, engine
        finally:
            if isinstance(model, GatedModel):
                model.open.set()
            await asyncio.to_thread(engine.close, GUARD)

    return working


async def change(database: Database, job_id: str, **values: object) -> None:
    async with database.session() as session:
        await session.execute(update(JobRecord).where(JobRecord.id == job_id).values(**values))


async def seen[T](look: Callable[[], Awaitable[T]], wanted: Callable[[T], bool]) -> T:
    """What is looked at, once it is what is wanted."""
    async with asyncio.timeout(GUARD):
        while True:
            if wanted(found := await look()):
                return found
            await asyncio.sleep(0.01)


async def until(jobs: SqlJobs, owner: str, job_id: str, status: api.Status) -> api.Job:
    return await seen(lambda: jobs.get(owner, job_id), lambda job: job.status == status)


async def used(database: Database, owner: str) -> list[int]:
    """The tokens of each row of usage."""
    query = select(UsageRecord.input_tokens).where(UsageRecord.key_id == owner)
    async with database.reading() as session:
        return list(await session.scalars(query))


async def entered(model: GatedModel) -> None:
    assert await asyncio.to_thread(model.entered.wait, GUARD)


async def test_a_job_is_worked_on_in_parts_and_says_how_far_it_is(
    jobs: SqlJobs, working: Working, owner: str
) -> None:
    second = Event()

    class Halting(Recording):
        @override
        def run(self, batch: Sequence[Read]) -> list[Embeddings]:
            if TEXTS[api.PART] in batch[0].texts:
                assert second.wait(GUARD)
            return super().run(batch)

    model = Halting()
    job = await jobs.create(owner, request(TEXTS))
    async with working(model) as (worker, _):
        await worker.ring()
        found = await seen(lambda: jobs.get(owner, job.id), lambda job: job.progress.done > 0)
        assert (found.status, found.progress.done) == ("running", api.PART)
        second.set()
        ended = await until(jobs, owner, job.id, "succeeded")
    assert ended.progress.done == len(TEXTS)
    assert model.read == ["warm up", *TEXTS]


async def test_what_breaks_once_is_tried_again_and_paid_once(
    jobs: SqlJobs,
    working: Working,
    database: Database,
    owner: str,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(api, "pause", lambda _: 0.0)
    job = await jobs.create(owner, request(TEXTS))
    async with working(Recording(breaks=1)) as (worker, _):
        await worker.ring()
        ended = await until(jobs, owner, job.id, "succeeded")
    assert ended.attempts == 2
    assert await used(database, owner) == [2 * len(TEXTS)]  # each text is of two words


async def test_a_poisoned_job_is_given_up_and_blocks_nobody(
    jobs: SqlJobs,
    working: Working,
    database: Database,
    owner: str,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(api, "pause", lambda _: 0.0)
    poisoned = await jobs.create(owner, request([POISON]))
    healthy = await jobs.create(owner, request(["healthy"]))
    async with working(Recording()) as (worker, _):
        await worker.ring()
        failed = await until(jobs, owner, poisoned.id, "failed")
        assert (await until(jobs, owner, healthy.id, "succeeded")).attempts == 1
    assert failed.attempts == api.MAX_FAILURES
    assert failed.error == api.given_up(api.MAX_FAILURES)
    assert await used(database, owner) == [1]


async def test_what_the_model_does_not_read_fails_at_once_and_is_named(
    jobs: SqlJobs, working: Working, database: Database, owner: str
) -> None:
    job = await jobs.create(owner, request([*TEXTS, "too long"]))
    async with working(Recording()) as (worker, _):
        await worker.ring()
        failed = await until(jobs, owner, job.id, "failed")
    assert failed.attempts == 1
    assert failed.error is not None
    assert failed.error.errors is not None
    assert failed.error.errors[0].location == ["body", "input", len(TEXTS)]
    assert await used(database, owner) == []


async def test_a_job_for_another_model_fails_at_once(
    jobs: SqlJobs, working: Working, owner: str
) -> None:
    job = await jobs.create(owner, request(TEXTS, model="the model before"))
    async with working(Recording()) as (worker, _):
        await worker.ring()
        failed = await until(jobs, owner, job.id, "failed")
    assert failed.error is not None
    assert failed.error.status == 404


async def test_callers_who_wait_come_first(jobs: SqlJobs, working: Working, owner: str) -> None:
    model = GatedModel()
    async with working(model, max_queue=1) as (worker, engine):
        running = engine.embed(["running"])
        await entered(model)
        waiting = engine.embed(["waiting"])
        job = await jobs.create(owner, request(TEXTS))
        await worker.ring()
        await until(jobs, owner, job.id, "running")
        await asyncio.sleep(0.1)  # in which it finds the queue full
        model.open.set()
        ended = await until(jobs, owner, job.id, "succeeded")
        assert running.done()
        assert waiting.done()
    assert ended.attempts == 1
    assert model.texts[:3] == ["warm up", "running", "waiting"]


async def test_a_cancelled_job_is_dropped_with_the_next_part(
    jobs: SqlJobs, working: Working, database: Database, owner: str
) -> None:
    model = GatedModel()
    job = await jobs.create(owner, request(TEXTS))
    async with working(model) as (worker, engine):
        await worker.ring()
        await entered(model)
        await jobs.cancel(owner, job.id)
        model.open.set()
        next_one = await jobs.create(owner, request(["next"]))
        await worker.ring()
        await until(jobs, owner, next_one.id, "succeeded")
        await asyncio.wrap_future(engine.embed(["last"]))
    assert model.texts == ["warm up", *TEXTS[: api.PART], "next", "last"]
    assert (await jobs.get(owner, job.id)).status == "cancelled"
    assert await used(database, owner) == [1]


@asynccontextmanager
async def held(
    working: Working, *, grace: float = GUARD
) -> AsyncIterator[tuple[Worker, GatedModel]]:
    """A worker whose model holds the job that it has begun."""
    model = GatedModel()
    async with working(model, grace=grace) as (worker, _):
        await worker.ring()
        await entered(model)
        yield worker, model


async def test_a_long_part_keeps_its_lease(jobs: SqlJobs, working: Working, owner: str) -> None:
    job = await jobs.create(owner, request(TEXTS))
    async with held(working) as (_, model):
        end = asyncio.get_running_loop().time() + 2 * jobs.lease.total_seconds()
        while asyncio.get_running_loop().time() < end:
            await jobs.sweep()
            assert (await jobs.get(owner, job.id)).status == "running"
            await asyncio.sleep(0.1)
        model.open.set()
        assert (await until(jobs, owner, job.id, "succeeded")).attempts == 1


async def test_two_workers_on_one_job_have_one_effect(
    jobs: SqlJobs,
    working: Working,
    database: Database,
    owner: str,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """The first is taken for dead, its job is another's, and then it goes on."""
    monkeypatch.setattr(api, "pause", lambda _: 0.0)
    job = await jobs.create(owner, request(TEXTS[:3]))
    async with held(working) as (first, paused):
        monkeypatch.setattr(first, "_renew", first_does_not_ask)
        await change(database, job.id, lease_until=utcnow() - timedelta(seconds=1))
        async with working(Recording()):
            assert (await until(jobs, owner, job.id, "succeeded")).attempts == 2
            result = await jobs.result(owner, job.id)
            paused.open.set()
    assert await jobs.result(owner, job.id) == result
    assert await used(database, owner) == [6]


async def first_does_not_ask(*_: object) -> None:
    """As if it were stopped in the middle: SIGSTOP, or a machine that hangs."""


async def test_a_worker_that_stops_ends_what_it_has_begun(
    jobs: SqlJobs, working: Working, owner: str
) -> None:
    begun, waiting = [await jobs.create(owner, request(TEXTS)) for _ in range(2)]
    async with held(working) as (_, model):
        asyncio.get_running_loop().call_later(0.2, model.open.set)
    assert (await jobs.get(owner, begun.id)).status == "succeeded"
    assert (await jobs.get(owner, waiting.id)).attempts == 0


async def test_a_process_that_is_told_to_stop_claims_nothing_more_while_it_still_answers(
    jobs: SqlJobs, working: Working, owner: str
) -> None:
    begun, waiting = [await jobs.create(owner, request(TEXTS)) for _ in range(2)]
    async with held(working) as (worker, model):
        signal.raise_signal(signal.SIGTERM)
        model.open.set()
        await until(jobs, owner, begun.id, "succeeded")
        await worker.work()
        assert (await jobs.get(owner, waiting.id)).attempts == 0


async def test_what_does_not_end_in_time_is_given_back(
    jobs: SqlJobs, working: Working, database: Database, owner: str
) -> None:
    job = await jobs.create(owner, request(TEXTS))
    async with held(working, grace=0.1):
        pass
    assert (await jobs.get(owner, job.id)).status == "queued"
    async with working(Recording()):
        assert (await until(jobs, owner, job.id, "succeeded")).attempts == 2
    assert await used(database, owner) == [2 * len(TEXTS)]


async def test_a_job_is_found_though_nobody_was_told(
    jobs: SqlJobs, working: Working, owner: str, caplog: pytest.LogCaptureFixture
) -> None:
    async with working(Recording(), broker=Deaf()) as (worker, _):
        job = await jobs.create(owner, request(TEXTS))
        await worker.ring()
        await until(jobs, owner, job.id, "succeeded")
    assert "the workers were not told of a job" in caplog.text


@pytest.mark.parametrize(
    "away",
    [
        OperationalError("SELECT", {}, Exception("no connection")),
        PoolTimeoutError("the pool is empty"),
        ValueError("nobody thought of that"),
    ],
    ids=["away", "exhausted", "unexpected"],
)
async def test_whatever_the_database_does_is_waited_for(
    jobs: SqlJobs,
    working: Working,
    owner: str,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
    away: Exception,
) -> None:
    """Who works also serves: what goes wrong here ends nothing else."""
    sweep, claim = jobs.sweep, jobs.claim
    broken = ["sweep", "claim"]

    async def sweep_later() -> Figures:
        if "sweep" in broken:
            broken.remove("sweep")
            raise away
        return await sweep()

    async def claim_later() -> object:
        if "claim" in broken:
            broken.remove("claim")
            raise away
        return await claim()

    monkeypatch.setattr(jobs, "sweep", sweep_later)
    monkeypatch.setattr(jobs, "claim", claim_later)
    job = await jobs.create(owner, request(TEXTS))
    async with working(Recording()):
        await until(jobs, owner, job.id, "succeeded")
    assert "jobs cannot be looked at" in caplog.text
    assert "no job can be claimed" in caplog.text


async def test_a_bell_that_breaks_in_a_new_way_is_listened_to_again(
    jobs: SqlJobs,
    working: Working,
    owner: str,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
) -> None:
    class Odd(AsyncBroker):
        started = 0

        @override
        async def startup(self) -> None:
            self.started += 1
            raise ValueError("nobody thought of that")

        @override
        async def kick(self, message: BrokerMessage) -> None:
            """Nobody is told."""

        @override
        def listen(self) -> AsyncGenerator[bytes]:
            raise NotImplementedError  # it never starts

    monkeypatch.setattr(job_worker, "PATIENCE", 0.01)
    broker = Odd()
    job = await jobs.create(owner, request(TEXTS))
    async with working(Recording(), broker=broker):
        await until(jobs, owner, job.id, "succeeded")

        async def started() -> int:
            return broker.started

        await seen(started, lambda times: times > 1)
    assert "new jobs are not heard of" in caplog.text


async def test_a_job_whose_end_cannot_be_written_is_left_to_its_lease(
    jobs: SqlJobs,
    working: Working,
    database: Database,
    owner: str,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
) -> None:
    monkeypatch.setattr(api, "pause", lambda _: 0.0)
    renew, away = jobs.renew, OperationalError("UPDATE", {}, Exception("no connection"))

    async def not_there(*_: object) -> bool:
        monkeypatch.setattr(jobs, "renew", renew)
        raise away

    async def not_there_either(_: object) -> bool:
        raise away

    monkeypatch.setattr(jobs, "renew", not_there)
    monkeypatch.setattr(jobs, "retry", not_there_either)
    job = await jobs.create(owner, request(TEXTS))
    async with working(Recording()):
        ended = await until(jobs, owner, job.id, "succeeded")
    assert ended.attempts == 2
    assert "is left to its lease" in caplog.text
    assert await used(database, owner) == [2 * len(TEXTS)]


async def test_so_many_jobs_are_worked_on_at_a_time(
    jobs: SqlJobs, working: Working, owner: str
) -> None:
    model = GatedModel()
    made = [(await jobs.create(owner, request([f"job {index}"]))).id for index in range(4)]
    async with working(model, concurrency=2) as (worker, _):
        for _ in made:
            await worker.ring()
        await entered(model)
        figures = await seen(jobs.sweep, lambda figures: figures.running > 1)
        assert (figures.running, figures.queued) == (2, 2)
        model.open.set()
        for each in made:
            await until(jobs, owner, each, "succeeded")


async def test_a_process_that_leaves_jobs_to_others_takes_none(
    jobs: SqlJobs, working: Working, owner: str
) -> None:
    job = await jobs.create(owner, request(TEXTS))
    async with working(Recording(), concurrency=0) as (worker, _):
        await worker.ring()
        await seen(jobs.sweep, lambda _: worker.figures.queued > 0)
    assert (await jobs.get(owner, job.id)).attempts == 0
