"""Jobs in SQL, which is where the truth about them is.

An attempt holds a job by its number and a lease. Whoever claims a job counts the number up, in one
statement, and each later statement of that attempt names it: what a worker writes that was killed,
paused or overtaken finds no row. The end of a job, its result and what it cost are one transaction.

Times are the writing process's: clocks may differ by less than a lease.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Annotated, Any, Literal, cast

from fastapi import Depends
from pydantic import ValidationError
from sqlalchemy import (
    JSON,
    CursorResult,
    ForeignKey,
    Index,
    LargeBinary,
    Select,
    String,
    UniqueConstraint,
    Update,
    delete,
    func,
    insert,
    literal,
    select,
    update,
)
from sqlalchemy.exc import IntegrityError
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import Mapped, mapped_column
from starlette.requests import HTTPConnection

from app.database import Database
from app.models import ApiKey, Base, UtcDateTime, utcnow
from app.stores import Entry, SqlUsageSink
from intelligence.api import jobs as api
from intelligence.api.problems import Problem
from intelligence.errors import Overloaded
from intelligence.usage import Usage

OPEN = ("queued", "running")
SWEPT_AT_A_TIME = 100


class JobRecord(Base):
    """A job, and who works on it.

    Attributes:
        request: as it was asked for; gone when the job has ended.
        attempt: counted up by each claim; who holds the job knows the number.
        failures: attempts that failed or were left by their worker.
        due_at: when it may be claimed.
        lease_until: until when its worker is believed to be there.
    """

    __tablename__ = "job"
    __table_args__ = (
        UniqueConstraint("key_id", "idempotency_key"),
        Index(None, "key_id", "id"),
        Index(None, "status", "due_at"),
        Index(None, "finished_at"),
    )

    id: Mapped[str] = mapped_column(String(40), primary_key=True)
    key_id: Mapped[str] = mapped_column(ForeignKey(ApiKey.id))
    idempotency_key: Mapped[str | None] = mapped_column(String(255))
    kind: Mapped[Literal["embeddings", "classify"]] = mapped_column(String(20))
    request: Mapped[dict[str, Any] | None] = mapped_column(JSON(none_as_null=True))
    digest: Mapped[str] = mapped_column(String(64))
    status: Mapped[api.Status] = mapped_column(String(10), default="queued")
    done: Mapped[int] = mapped_column(default=0)
    total: Mapped[int]
    attempt: Mapped[int] = mapped_column(default=0)
    failures: Mapped[int] = mapped_column(default=0)
    due_at: Mapped[datetime] = mapped_column(default=utcnow)
    lease_until: Mapped[datetime | None]
    created_at: Mapped[datetime] = mapped_column(default=utcnow)
    started_at: Mapped[datetime | None]
    finished_at: Mapped[datetime | None]
    error: Mapped[dict[str, Any] | None] = mapped_column(JSON(none_as_null=True))


class JobResult(Base):
    """What a job that succeeded gave: the JSON of the answer."""

    __tablename__ = "job_result"

    job_id: Mapped[str] = mapped_column(
        ForeignKey(JobRecord.id, ondelete="CASCADE"), primary_key=True
    )
    content: Mapped[bytes] = mapped_column(LargeBinary)


@dataclass(frozen=True, slots=True)
class Claim:
    """One attempt, held by the worker that has it."""

    job_id: str
    key_id: str
    attempt: int
    failures: int
    request: api.JobRequest
    created_at: datetime


@dataclass(frozen=True, slots=True)
class Figures:
    """How it stands with all jobs.

    Attributes:
        oldest: seconds since the oldest of the queued ones was asked for; 0 if there is none.
        due: whether one can be claimed now.
    """

    queued: int = 0
    running: int = 0
    oldest: float = 0.0
    due: bool = False


class SqlJobs:
    """Args:
    lease: how long a worker is believed in that says nothing.
    retention: how long a job is kept after its end, with its result.
    most: how many may be queued.
    usage: puts down what a job cost, where it ends.
    """

    def __init__(
        self,
        database: Database,
        *,
        lease: timedelta,
        retention: timedelta,
        most: int,
        usage: SqlUsageSink | None = None,
    ) -> None:
        self.lease = lease
        self._database = database
        self._usage = usage or SqlUsageSink(database)
        self._retention = retention
        self._most = most

    async def create(
        self, key_id: str, request: api.JobRequest, idempotency_key: str | None = None
    ) -> api.Job:
        """A new job, or the one that came with the same key. Raises KeyReused and Overloaded."""
        digest = api.digest(request)
        try:
            async with self._database.session() as session:
                row = await self._same(session, key_id, idempotency_key)
                if row is None:
                    row = await self._add(session, key_id, request, digest, idempotency_key)
        except IntegrityError:  # another request with the same key was quicker
            async with self._database.reading() as session:
                row = await self._same(session, key_id, idempotency_key)
            if row is None:
                raise
        if row.digest != digest:
            raise api.KeyReused
        return self._job(row)

    async def _same(
        self, session: AsyncSession, key_id: str, idempotency_key: str | None
    ) -> JobRecord | None:
        if idempotency_key is None:
            return None
        same = select(JobRecord).where(
            JobRecord.key_id == key_id, JobRecord.idempotency_key == idempotency_key
        )
        row: JobRecord | None = await session.scalar(same)
        return row

    async def _add(
        self,
        session: AsyncSession,
        key_id: str,
        request: api.JobRequest,
        digest: str,
        idempotency_key: str | None,
    ) -> JobRecord:
        queued = select(func.count()).where(JobRecord.status == "queued")
        if (await session.scalar(queued) or 0) >= self._most:
            raise Overloaded(f"{self._most} jobs are waiting")
        row = JobRecord(
            id=api.new_id(),
            key_id=key_id,
            idempotency_key=idempotency_key,
            kind=request.kind,
            request=request.model_dump(mode="json"),
            digest=digest,
            total=request.total,
            lease_until=None,
            started_at=None,
            finished_at=None,
            error=None,
        )
        session.add(row)
        await session.flush()
        return row

    async def get(self, key_id: str, job_id: str) -> api.Job:
        """Raises UnknownJob, as everything does that is asked for one by its owner."""
        async with self._database.reading() as session:
            return self._job(await self._own(session, key_id, job_id))

    async def all(self, key_id: str, *, before: str | None, limit: int) -> Sequence[api.Job]:
        """Newest first."""
        query = (
            select(JobRecord)
            .where(JobRecord.key_id == key_id)
            .order_by(JobRecord.id.desc())
            .limit(limit)
        )
        if before is not None:
            query = query.where(JobRecord.id < before)
        async with self._database.reading() as session:
            return [self._job(row) for row in await session.scalars(query)]

    async def result(self, key_id: str, job_id: str) -> bytes:
        """The JSON of the answer. Raises UnknownJob and Unfinished."""
        async with self._database.reading() as session:
            row = await self._own(session, key_id, job_id)
            result = await session.get(JobResult, job_id)
        if result is None:
            raise api.Unfinished(row.status)
        return result.content

    async def cancel(self, key_id: str, job_id: str) -> api.Job:
        """Whoever works on it notices by the next part. Raises UnknownJob and Ended."""
        async with self._database.session() as session:
            await session.execute(
                update(JobRecord)
                .where(
                    JobRecord.id == job_id,
                    JobRecord.key_id == key_id,
                    JobRecord.status.in_(OPEN),
                )
                .values(status="cancelled", **_ending())
            )
            row = await self._own(session, key_id, job_id)
        if row.status != "cancelled":
            raise api.Ended(row.status)
        return self._job(row)

    async def _own(self, session: AsyncSession, key_id: str, job_id: str) -> JobRecord:
        row = await session.get(JobRecord, job_id)
        if row is None or row.key_id != key_id or self._outdated(row):
            raise api.UnknownJob(job_id)
        return row

    def _outdated(self, row: JobRecord) -> bool:
        return row.finished_at is not None and row.finished_at + self._retention <= utcnow()

    async def claim(self) -> Claim | None:
        """The job that is due longest, for an attempt of the caller's alone.

        One that an earlier version took and this one does not read has failed.
        """
        while True:
            async with self._database.session() as session:
                row = await self._take(session)
                if row is None:
                    return None
                try:
                    request = api.REQUEST.validate_python(row.request)
                except ValidationError:
                    error = api.unread().model_dump(mode="json", exclude_none=True)
                    ended = update(JobRecord).where(JobRecord.id == row.id)
                    await session.execute(ended.values(status="failed", error=error, **_ending()))
                    continue
            return Claim(row.id, row.key_id, row.attempt, row.failures, request, row.created_at)

    async def _take(self, session: AsyncSession) -> JobRecord | None:
        now = utcnow()
        longest_due = (
            select(JobRecord.id)
            .where(JobRecord.status == "queued", JobRecord.due_at <= now)
            .order_by(JobRecord.due_at, JobRecord.id)
            .limit(1)
            .with_for_update(skip_locked=True)  # PostgreSQL: of several workers each takes another
            .scalar_subquery()
        )
        claimed = (
            update(JobRecord)
            .where(JobRecord.id == longest_due, JobRecord.status == "queued")
            .values(
                status="running",
                attempt=JobRecord.attempt + 1,
                done=0,
                lease_until=now + self.lease,
                started_at=func.coalesce(JobRecord.started_at, literal(now, UtcDateTime)),
            )
            .returning(JobRecord)
            .execution_options(synchronize_session=False)
        )
        row: JobRecord | None = await session.scalar(claimed)
        return row

    async def renew(self, claim: Claim, done: int) -> bool:
        """For a lease from now on. False: the job is no longer the caller's, who drops it."""
        return await self._hold(claim, done=done, lease_until=utcnow() + self.lease)

    async def release(self, claim: Claim) -> bool:
        """Given back by a worker that stops: the next one may begin at once."""
        return await self._hold(claim, status="queued", lease_until=None, due_at=utcnow(), done=0)

    async def retry(self, claim: Claim) -> bool:
        """The attempt failed: another one after a pause, or the end if it was one too many."""
        return await self._hold(claim, **_after_failure(claim.failures))

    async def succeed(self, claim: Claim, content: bytes, usage: Usage) -> bool:
        """The result, its cost and the end, or nothing: False if the job is another's by now."""
        async with self._database.session() as session:
            ended = _held(claim).values(status="succeeded", done=JobRecord.total, **_ending())
            if not _count(await session.execute(ended)):
                return False
            await session.execute(insert(JobResult).values(job_id=claim.job_id, content=content))
            await self._usage.write(session, [Entry(usage)])
            return True

    async def fail(self, claim: Claim, error: Problem) -> bool:
        """The end without a result, which costs nothing."""
        problem = error.model_dump(mode="json", exclude_none=True)
        return await self._hold(claim, status="failed", error=problem, **_ending())

    async def _hold(self, claim: Claim, **values: object) -> bool:
        async with self._database.session() as session:
            return bool(_count(await session.execute(_held(claim).values(**values))))

    async def sweep(self) -> Figures:
        """Frees the jobs whose workers are gone, deletes what is outdated. May run anywhere."""
        now = utcnow()
        async with self._database.reading() as session:
            left = (await session.scalars(_left(now))).all()
            outdated = await session.scalar(
                select(func.count()).where(JobRecord.finished_at <= now - self._retention)
            )
        if left or outdated:
            async with self._database.session() as session:
                for row in left:
                    await session.execute(_freed(row, now))
                await session.execute(
                    delete(JobRecord).where(JobRecord.finished_at <= now - self._retention)
                )
        return await self._figures(now)

    async def _figures(self, now: datetime) -> Figures:
        queued = JobRecord.status == "queued"
        query = select(
            func.count().filter(queued),
            func.count().filter(JobRecord.status == "running"),
            func.count().filter(queued, JobRecord.due_at <= now),
            func.coalesce(func.min(JobRecord.created_at).filter(queued), literal(now, UtcDateTime)),
        ).where(JobRecord.status.in_(OPEN))
        async with self._database.reading() as session:
            waiting, running, due, oldest = (await session.execute(query)).one()
        return Figures(waiting, running, max(0.0, (now - oldest).total_seconds()), due > 0)

    def _job(self, row: JobRecord) -> api.Job:
        return api.Job(
            id=row.id,
            kind=row.kind,
            status=row.status,
            progress=api.Progress(done=row.done, total=row.total),
            attempts=row.attempt,
            created_at=row.created_at,
            started_at=row.started_at,
            finished_at=row.finished_at,
            expires_at=row.finished_at and row.finished_at + self._retention,
            error=None if row.error is None else Problem.model_validate(row.error),
        )


def _ending() -> dict[str, object]:
    return {"finished_at": utcnow(), "lease_until": None, "request": None}


def _after_failure(before: int) -> dict[str, object]:
    failures = before + 1
    if failures >= api.MAX_FAILURES:
        error = api.given_up(failures).model_dump(mode="json", exclude_none=True)
        return {"status": "failed", "failures": failures, "error": error, **_ending()}
    return {
        "status": "queued",
        "failures": failures,
        "due_at": utcnow() + timedelta(seconds=api.pause(failures)),
        "lease_until": None,
        "done": 0,
    }


def _held(claim: Claim) -> Update:
    """The row, if this attempt still has it."""
    return update(JobRecord).where(
        JobRecord.id == claim.job_id,
        JobRecord.attempt == claim.attempt,
        JobRecord.status == "running",
    )


def _left(now: datetime) -> Select[JobRecord]:
    """Jobs whose workers have said nothing for a lease."""
    return (
        select(JobRecord)
        .where(JobRecord.status == "running", JobRecord.lease_until < now)
        .limit(SWEPT_AT_A_TIME)
    )


def _freed(row: JobRecord, now: datetime) -> Update:
    """Queued again, or given up, unless its worker was heard of in between."""
    return (
        update(JobRecord)
        .where(
            JobRecord.id == row.id,
            JobRecord.attempt == row.attempt,
            JobRecord.status == "running",
            JobRecord.lease_until < now,
        )
        .values(**_after_failure(row.failures))
    )


def _count(result: object) -> int:
    """How many rows a statement changed."""
    return cast("CursorResult[Any]", result).rowcount


async def get_jobs(connection: HTTPConnection) -> SqlJobs:
    jobs: SqlJobs = connection.app.state.jobs
    return jobs


JobsDep = Annotated[SqlJobs, Depends(get_jobs)]
