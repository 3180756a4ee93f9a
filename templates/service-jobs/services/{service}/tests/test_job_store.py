"""Who may write what about a job, whatever became of others who worked on it."""

import asyncio
from collections.abc import AsyncGenerator
from datetime import timedelta

import pytest
from sqlalchemy import delete, func, select, update
from sqlalchemy.exc import IntegrityError

from app.database import Database
from app.job_store import Claim, JobRecord, JobResult, SqlJobs
from app.keys import ApiKeys
from app.models import UsageRecord, utcnow
from app.settings import Settings
from intelligence.api import jobs as api
from intelligence.api.problems import Problem
from intelligence.errors import Overloaded
from intelligence.usage import Usage

REQUEST = api.REQUEST.validate_python(
    {"kind": "embeddings", "model": "made-up", "input": ["a", "b"]}
)
OTHER = api.REQUEST.validate_python({"kind": "embeddings", "model": "made-up", "input": ["c"]})
LEASE = timedelta(seconds=30)
RETENTION = timedelta(hours=1)
MOST = 3


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
async def other(database: Database, settings: Settings) -> str:
    key = await ApiKeys(database, settings.secret_key).issue("other", ["jobs"])
    return "_".join(key.split("_", 2)[:2])


@pytest.fixture
def jobs(database: Database) -> SqlJobs:
    return SqlJobs(database, lease=LEASE, retention=RETENTION, most=MOST)


async def change(database: Database, job_id: str, **values: object) -> None:
    async with database.session() as session:
        await session.execute(update(JobRecord).where(JobRecord.id == job_id).values(**values))


async def claimed(jobs: SqlJobs) -> Claim:
    claim = await jobs.claim()
    assert claim is not None
    return claim


async def left_behind(jobs: SqlJobs, database: Database) -> Claim:
    """A claim whose worker was not heard of for a lease, freed and due again."""
    claim = await claimed(jobs)
    await change(database, claim.job_id, lease_until=utcnow() - timedelta(seconds=1))
    await jobs.sweep()
    await change(database, claim.job_id, due_at=utcnow())
    return claim


async def succeed(jobs: SqlJobs, claim: Claim) -> bool:
    usage = Usage(claim.key_id, "embeddings job", "made-up", 7, 0, 1.5, 200)
    return await jobs.succeed(claim, f"by attempt {claim.attempt}".encode(), usage)


async def effects(database: Database, owner: str) -> tuple[int, int]:
    """How many results there are, and how many rows of usage."""
    results = select(func.count()).select_from(JobResult)
    usage = select(func.count()).where(UsageRecord.key_id == owner)
    async with database.reading() as session:
        return await session.scalar(results) or 0, await session.scalar(usage) or 0


async def test_a_job_is_claimed_once_however_many_try(jobs: SqlJobs, owner: str) -> None:
    job = await jobs.create(owner, REQUEST)
    assert (job.status, job.attempts, job.progress.total) == ("queued", 0, 2)
    claims = [each for each in await asyncio.gather(*(jobs.claim() for _ in range(8))) if each]
    assert [(each.job_id, each.attempt, each.request) for each in claims] == [(job.id, 1, REQUEST)]
    running = await jobs.get(owner, job.id)
    assert (running.status, running.attempts) == ("running", 1)
    assert running.started_at is not None


async def test_several_workers_share_the_jobs(jobs: SqlJobs, owner: str) -> None:
    created = [(await jobs.create(owner, REQUEST)).id for _ in range(MOST)]
    claims = await asyncio.gather(*(jobs.claim() for _ in range(MOST)))
    found = [each.job_id for each in claims if each]
    assert len(found) == len(set(found))
    while rest := await jobs.claim():  # who came second to a row may have gone without
        found.append(rest.job_id)
    assert sorted(found) == sorted(created)


async def test_the_longest_due_comes_first(jobs: SqlJobs, owner: str) -> None:
    created = [(await jobs.create(owner, REQUEST)).id for _ in range(MOST)]
    assert [(await claimed(jobs)).job_id for _ in created] == created
    assert await jobs.claim() is None


async def test_result_cost_and_end_are_written_together(
    jobs: SqlJobs, database: Database, owner: str
) -> None:
    job = await jobs.create(owner, REQUEST)
    claim = await claimed(jobs)
    assert await succeed(jobs, claim)
    ended = await jobs.get(owner, job.id)
    assert (ended.status, ended.progress.done) == ("succeeded", 2)
    assert ended.finished_at is not None
    assert ended.expires_at == ended.finished_at + RETENTION
    assert await jobs.result(owner, job.id) == b"by attempt 1"
    assert await effects(database, owner) == (1, 1)
    async with database.reading() as session:
        row = await session.get(JobRecord, job.id)
        assert row is not None
        assert row.request is None  # the texts are gone


async def test_a_result_that_cannot_be_accounted_for_is_not_kept(
    jobs: SqlJobs, database: Database, owner: str
) -> None:
    job = await jobs.create(owner, REQUEST)
    claim = await claimed(jobs)
    nobodys = Usage("ak_nobody", "embeddings job", "made-up", 7, 0, 1.5, 200)
    with pytest.raises(IntegrityError):
        await jobs.succeed(claim, b"result", nobodys)
    assert (await jobs.get(owner, job.id)).status == "running"
    assert await effects(database, owner) == (0, 0)


async def test_of_two_workers_on_one_job_the_overtaken_one_leaves_nothing(
    jobs: SqlJobs, database: Database, owner: str
) -> None:
    job = await jobs.create(owner, REQUEST)
    stale = await left_behind(jobs, database)
    current = await claimed(jobs)
    assert (current.job_id, current.attempt) == (job.id, stale.attempt + 1)

    assert not await jobs.renew(stale, 1)
    assert not await succeed(jobs, stale)
    assert not await jobs.fail(stale, Problem.of(500))
    assert not await jobs.retry(stale)
    assert not await jobs.release(stale)
    assert await effects(database, owner) == (0, 0)

    assert await succeed(jobs, current)
    assert not await succeed(jobs, stale)
    assert not await succeed(jobs, current)
    assert await jobs.result(owner, job.id) == b"by attempt 2"
    assert await effects(database, owner) == (1, 1)


async def test_a_worker_that_was_only_slow_may_still_end_its_job(
    jobs: SqlJobs, database: Database, owner: str
) -> None:
    await jobs.create(owner, REQUEST)
    claim = await claimed(jobs)
    await change(database, claim.job_id, lease_until=utcnow() - timedelta(seconds=1))
    assert await succeed(jobs, claim)


async def test_a_lease_holds_until_it_has_run_out(
    jobs: SqlJobs, database: Database, owner: str
) -> None:
    job = await jobs.create(owner, REQUEST)
    claim = await claimed(jobs)
    await jobs.sweep()
    assert (await jobs.get(owner, job.id)).status == "running"
    await change(database, job.id, lease_until=utcnow() - timedelta(seconds=1))
    assert await jobs.renew(claim, 1)
    await jobs.sweep()
    found = await jobs.get(owner, job.id)
    assert (found.status, found.progress.done) == ("running", 1)
    await change(database, job.id, lease_until=utcnow() - timedelta(seconds=1))
    await jobs.sweep()
    assert (await jobs.get(owner, job.id)).status == "queued"


async def test_a_job_that_was_given_back_is_due_at_once_and_has_not_failed(
    jobs: SqlJobs, database: Database, owner: str
) -> None:
    job = await jobs.create(owner, REQUEST)
    assert await jobs.release(await claimed(jobs))
    again = await claimed(jobs)
    assert (again.job_id, again.attempt, again.failures) == (job.id, 2, 0)


async def test_a_job_that_fails_waits_and_lets_others_pass(jobs: SqlJobs, owner: str) -> None:
    poison = await jobs.create(owner, REQUEST)
    healthy = await jobs.create(owner, OTHER)
    claim = await claimed(jobs)
    assert claim.job_id == poison.id
    assert await jobs.retry(claim)
    assert (await claimed(jobs)).job_id == healthy.id
    assert (await jobs.get(owner, poison.id)).status == "queued"


async def test_after_so_many_failures_it_has_failed(
    jobs: SqlJobs, database: Database, owner: str
) -> None:
    job = await jobs.create(owner, REQUEST)
    for _ in range(api.MAX_FAILURES - 1):
        await change(database, job.id, due_at=utcnow())
        await jobs.retry(await claimed(jobs))
        assert (await jobs.get(owner, job.id)).status == "queued"
    await change(database, job.id, due_at=utcnow())
    await left_behind(jobs, database)
    failed = await jobs.get(owner, job.id)
    assert (failed.status, failed.attempts) == ("failed", api.MAX_FAILURES)
    assert failed.error == api.given_up(api.MAX_FAILURES)
    assert await jobs.claim() is None
    assert await effects(database, owner) == (0, 0)
    with pytest.raises(api.Unfinished, match="failed"):
        await jobs.result(owner, job.id)


async def test_a_job_that_no_version_reads_any_more_has_failed_and_blocks_nobody(
    jobs: SqlJobs, database: Database, owner: str
) -> None:
    outdated = await jobs.create(owner, REQUEST)
    healthy = await jobs.create(owner, OTHER)
    await change(database, outdated.id, request={"kind": "embeddings", "model": "made-up"})
    assert (await claimed(jobs)).job_id == healthy.id
    failed = await jobs.get(owner, outdated.id)
    assert (failed.status, failed.error) == ("failed", api.unread())
    assert failed.finished_at is not None
    assert await jobs.claim() is None


async def test_a_cancelled_job_is_nobodys(jobs: SqlJobs, database: Database, owner: str) -> None:
    job = await jobs.create(owner, REQUEST)
    claim = await claimed(jobs)
    assert (await jobs.cancel(owner, job.id)).status == "cancelled"
    assert (await jobs.cancel(owner, job.id)).status == "cancelled"
    assert not await jobs.renew(claim, 1)
    assert not await succeed(jobs, claim)
    assert await effects(database, owner) == (0, 0)
    assert await jobs.claim() is None
    with pytest.raises(api.Unfinished, match="cancelled"):
        await jobs.result(owner, job.id)


async def test_what_has_ended_cannot_be_cancelled(jobs: SqlJobs, owner: str) -> None:
    job = await jobs.create(owner, REQUEST)
    assert await succeed(jobs, await claimed(jobs))
    with pytest.raises(api.Ended, match="succeeded"):
        await jobs.cancel(owner, job.id)
    assert await jobs.result(owner, job.id) == b"by attempt 1"


async def test_the_same_key_gives_the_same_job_to_the_same_caller_alone(
    jobs: SqlJobs, owner: str, other: str
) -> None:
    first = await jobs.create(owner, REQUEST, "import-1")
    assert await jobs.create(owner, REQUEST, "import-1") == first
    with pytest.raises(api.KeyReused):
        await jobs.create(owner, OTHER, "import-1")
    assert (await jobs.create(other, OTHER, "import-1")).id != first.id
    assert (await jobs.create(owner, REQUEST, "import-2")).id != first.id


async def test_one_key_at_the_same_time_gives_one_job(jobs: SqlJobs, owner: str) -> None:
    created = await asyncio.gather(*(jobs.create(owner, REQUEST, "at once") for _ in range(8)))
    assert len({each.id for each in created}) == 1
    assert len(await jobs.all(owner, before=None, limit=10)) == 1


async def test_a_full_queue_takes_no_more_but_knows_what_it_took(jobs: SqlJobs, owner: str) -> None:
    first = await jobs.create(owner, REQUEST, "first")
    for _ in range(MOST - 1):
        await jobs.create(owner, REQUEST)
    with pytest.raises(Overloaded, match="3 jobs are waiting"):
        await jobs.create(owner, REQUEST)
    assert await jobs.create(owner, REQUEST, "first") == first
    await claimed(jobs)
    await jobs.create(owner, REQUEST)


async def test_jobs_are_their_owners(jobs: SqlJobs, owner: str, other: str) -> None:
    job = await jobs.create(owner, REQUEST)
    assert await succeed(jobs, await claimed(jobs))
    for ask in (jobs.get, jobs.result, jobs.cancel):
        with pytest.raises(api.UnknownJob):
            await ask(other, job.id)
        with pytest.raises(api.UnknownJob):
            await ask(owner, "job_unknown")
    assert await jobs.all(other, before=None, limit=10) == []


async def test_a_list_goes_on_where_it_ended(jobs: SqlJobs, owner: str) -> None:
    created = [(await jobs.create(owner, REQUEST)).id for _ in range(MOST)]
    newest = await jobs.all(owner, before=None, limit=2)
    rest = await jobs.all(owner, before=newest[-1].id, limit=2)
    assert sorted(each.id for each in [*newest, *rest]) == sorted(created)
    assert [each.id for each in newest] == sorted((each.id for each in newest), reverse=True)


async def test_a_job_is_kept_for_so_long_and_then_gone(
    jobs: SqlJobs, database: Database, owner: str
) -> None:
    job = await jobs.create(owner, REQUEST, "import-1")
    assert await succeed(jobs, await claimed(jobs))
    await jobs.sweep()
    assert (await jobs.get(owner, job.id)).status == "succeeded"
    await change(database, job.id, finished_at=utcnow() - RETENTION)
    with pytest.raises(api.UnknownJob):
        await jobs.result(owner, job.id)
    await jobs.sweep()
    assert await effects(database, owner) == (0, 1)  # what was used stays written down
    assert (await jobs.create(owner, OTHER, "import-1")).status == "queued"


async def test_the_figures_say_how_it_stands(jobs: SqlJobs, database: Database, owner: str) -> None:
    empty = await jobs.sweep()
    assert (empty.queued, empty.running, empty.oldest, empty.due) == (0, 0, 0, False)
    for _ in range(MOST):
        await jobs.create(owner, REQUEST)
    claim = await claimed(jobs)
    await change(database, claim.job_id, created_at=utcnow() - timedelta(hours=2))
    (waiting, *_) = await jobs.all(owner, before=None, limit=1)
    await change(database, waiting.id, created_at=utcnow() - timedelta(hours=1))
    found = await jobs.sweep()
    assert (found.queued, found.running, found.due) == (2, 1, True)
    assert 3600 <= found.oldest < 3660
