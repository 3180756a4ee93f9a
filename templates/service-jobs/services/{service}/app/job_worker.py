"""Works on jobs: claims one after the other, part by part, and hears of new ones through taskiq.

The broker is a doorbell and no more: a message says that there is something to do, not what. So one
that is lost, doubled or late does no harm, and it is acknowledged as it comes; a worker that heard
nothing looks by itself several times a lease.
"""

import asyncio
import logging
import random
from collections.abc import AsyncGenerator, Awaitable
from contextlib import asynccontextmanager, suppress
from functools import partial
from typing import Any

from pydantic import BaseModel
from redis.exceptions import RedisError
from taskiq import AsyncBroker, InMemoryBroker
from taskiq.acks import AcknowledgeType
from taskiq.exceptions import TaskiqError
from taskiq.receiver import Receiver
from taskiq_redis import RedisStreamBroker

from app.job_store import Claim, Figures, SqlJobs
from app.models import utcnow
from intelligence.api import jobs as api
from intelligence.api.inference import Running
from intelligence.api.stopping import at_stop
from intelligence.engine import Engine
from intelligence.errors import InputRefused, NotReady, Overloaded
from intelligence.usage import Usage, UsageSink

logger = logging.getLogger(__name__)

LOOKS_A_LEASE = 6
RENEWALS_A_LEASE = 3
PATIENCE = 2.0  # seconds for a ring, and until Redis is tried again
SILENCE = 10.0  # seconds after which a connection to Redis is dead; it waits 2 for news
BUSY = 0.5  # seconds at most between two tries of a part while the queue is full
STREAM = "jobs"
RINGS = 1000  # that Redis keeps: older ones are of jobs that were found without them


class Lost(Exception):  # noqa: N818 - what happened
    """The job is cancelled, or another worker's."""


def build_broker(redis_url: str | None) -> AsyncBroker:
    """In this process, or Redis' stream `jobs`, read by all workers together."""
    logging.getLogger("taskiq").setLevel(logging.WARNING)  # it has a line for each ring
    if redis_url is None:
        return InMemoryBroker()
    return RedisStreamBroker(
        redis_url,
        queue_name=STREAM,
        consumer_group_name=STREAM,
        consumer_id="0",  # what was rung before the first worker came counts, too
        maxlen=RINGS,  # without, Redis keeps for ever what was acknowledged
        xread_count=1,  # by default a worker would take a hundred and leave none to the others
        unacknowledged_lock_timeout=PATIENCE,  # by default a killed worker keeps the lock for ever
        socket_connect_timeout=PATIENCE,
        socket_timeout=SILENCE,
    )


class Worker:
    """Args:
    engine: runs the parts; its queue is shared with the requests of others.
    concurrency: jobs that are worked on at a time; 0: none here.
    counted: told what a job cost, once that is written.
    """

    def __init__(
        self,
        jobs: SqlJobs,
        engine: Engine,
        broker: AsyncBroker,
        *,
        concurrency: int,
        counted: UsageSink[Awaitable[None]],
    ) -> None:
        self.figures = Figures()
        self._jobs = jobs
        self._engine = engine
        self._broker = broker
        self._concurrency = concurrency
        self._counted = counted
        self._lease = jobs.lease.total_seconds()
        self._places = asyncio.Semaphore(concurrency)
        self._waiting = False  # somebody waits for a place, and will find what is due
        self._running: set[asyncio.Task[None]] = set()
        self._stopping = asyncio.Event()

        async def answer() -> None:  # taskiq names its tasks anew, which no method can be
            await self.work()

        self._doorbell = broker.register_task(answer, task_name="work")

    async def ring(self) -> None:
        """Tells the workers that there is something to do."""
        try:
            async with asyncio.timeout(PATIENCE):
                await self._doorbell.kiq()
        except (TaskiqError, RedisError, OSError) as error:  # TimeoutError is an OSError
            logger.warning("the workers were not told of a job, and will find it: %s", error)

    async def work(self) -> None:
        """Until nothing is due."""
        if not self._concurrency or self._waiting:
            return
        self._waiting = self._places.locked()
        try:
            await self._places.acquire()
        finally:
            self._waiting = False
        try:
            while not self._stopping.is_set() and (claim := await self._jobs.claim()):
                attempt = asyncio.create_task(self._attempt(claim))
                self._running.add(attempt)
                attempt.add_done_callback(self._running.discard)
                await asyncio.wait([attempt])
        finally:
            self._places.release()

    @asynccontextmanager
    async def at_work(self, grace: float) -> AsyncGenerator[None]:
        """While the block runs. Jobs that are then under way have `grace` seconds to end.

        Nothing is claimed from the signal on: the server first waits for its open requests, and
        the block ends after that.
        """
        stop = partial(asyncio.get_running_loop().call_soon_threadsafe, self._stopping.set)
        with at_stop(stop):
            async with self._working(grace):
                yield

    @asynccontextmanager
    async def _working(self, grace: float) -> AsyncGenerator[None]:
        async with asyncio.TaskGroup() as tasks:
            looking = tasks.create_task(self._look())
            if self._concurrency and not isinstance(self._broker, InMemoryBroker):
                tasks.create_task(self._listen())
            try:
                yield
            finally:
                self._stopping.set()
                await self._drain(grace)
                await asyncio.wait([looking], timeout=grace)
                looking.cancel()
                with suppress(RedisError, OSError):
                    await self._broker.shutdown()

    async def _drain(self, grace: float) -> None:
        if self._running:
            _, late = await asyncio.wait(self._running, timeout=grace)
            for attempt in late:
                attempt.cancel()
            if late:
                await asyncio.wait(late)

    async def _look(self) -> None:
        """Frees jobs whose workers are gone, and works on what is due."""
        async with asyncio.TaskGroup() as tasks:
            while not await self._told_to_stop(self._lease / LOOKS_A_LEASE):
                try:
                    self.figures = await self._jobs.sweep()
                except Exception:  # what goes out of here ends the process's other work, too
                    logger.exception("jobs cannot be looked at")
                else:
                    if self.figures.due:
                        tasks.create_task(self._work_unasked())

    async def _told_to_stop(self, seconds: float) -> bool:
        """Waits about so long, and no two processes alike."""
        with suppress(TimeoutError):
            async with asyncio.timeout(seconds * random.uniform(0.5, 1)):  # noqa: S311 - no secret
                await self._stopping.wait()
        return self._stopping.is_set()

    async def _work_unasked(self) -> None:
        try:
            await self.work()
        except Exception:
            logger.exception("no job can be claimed")

    async def _listen(self) -> None:
        """Hears the doorbell, through all that may happen to Redis."""
        while not self._stopping.is_set():
            try:
                await self._broker.startup()
                receiver = Receiver(
                    self._broker,
                    run_startup=False,
                    max_async_tasks=self._concurrency,
                    ack_type=AcknowledgeType.WHEN_RECEIVED,
                )
                await receiver.listen(self._stopping)
            except* (RedisError, OSError) as errors:
                logger.warning("new jobs are not heard of, only found: %s", errors.exceptions[0])
            except* Exception:
                logger.exception("new jobs are not heard of, only found")
            await self._told_to_stop(PATIENCE)

    async def _attempt(self, claim: Claim) -> None:
        try:
            await self._try(claim)
        except Exception:
            logger.exception("job %s is left to its lease", claim.job_id)

    async def _try(self, claim: Claim) -> None:
        """One attempt, to its end; nothing of it is left when its worker is told to stop."""
        try:
            answer = await self._answer(claim)
            await self._succeed(claim, answer)
        except Lost:
            logger.info("job %s is cancelled, or another worker's", claim.job_id)
        except (asyncio.CancelledError, NotReady):
            await self._jobs.release(claim)
        except Exception as error:
            problem = api.verdict(error)
            if problem is not None:
                await self._jobs.fail(claim, problem)
                return
            logger.exception("attempt %s at job %s failed", claim.attempt, claim.job_id)
            await self._jobs.retry(claim)

    async def _answer(self, claim: Claim) -> api.Answer:
        """Part by part; each renews the lease and finds out whether the job is still wanted."""
        request = claim.request
        parts: list[Any] = []
        request.check(self._engine)
        for start in range(0, request.total, api.PART):
            parts.append(await self._part(claim, start))
            await self._renew(claim, min(start + api.PART, request.total))
        return request.whole(parts)

    async def _part(self, claim: Claim, start: int) -> Any:
        while True:
            try:
                running = claim.request.begin(self._engine, start)
                return await self._result(claim, running, start)
            except Overloaded:  # those who wait for an answer come first
                await asyncio.sleep(random.uniform(0, BUSY))  # noqa: S311 - no secret
                await self._renew(claim, start)

    async def _result(self, claim: Claim, running: Running[Any, Any], start: int) -> Any:
        result = asyncio.wrap_future(running.future)
        try:
            while not result.done():
                await asyncio.wait([result], timeout=self._lease / RENEWALS_A_LEASE)
                if not result.done():
                    await self._renew(claim, start)
            return running.answer(result.result())
        except InputRefused as error:
            raise api.refused(running, error, start) from error
        finally:
            result.cancel()  # without effect on what is there

    async def _renew(self, claim: Claim, done: int) -> None:
        if not await self._jobs.renew(claim, done):
            raise Lost

    async def _succeed(self, claim: Claim, answer: api.Answer) -> None:
        milliseconds = (utcnow() - claim.created_at).total_seconds() * 1000
        operation = f"{claim.request.kind} job"
        tokens = answer.usage.total_tokens
        usage = Usage(claim.key_id, operation, answer.model, tokens, 0, milliseconds, 200)
        content = await asyncio.to_thread(_encoded, answer)
        if not await self._jobs.succeed(claim, content, usage):
            raise Lost
        await self._counted.record(usage)


def _encoded(answer: BaseModel) -> bytes:
    """Some megabytes: not on the event loop."""
    return answer.model_dump_json().encode()
