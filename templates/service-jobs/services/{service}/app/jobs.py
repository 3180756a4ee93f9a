"""Jobs over HTTP: who may ask for one, how it is answered, and what of it a process does.

What the bodies hold is `intelligence.api.jobs`; where jobs are kept is `app.job_store`, who works
on them `app.job_worker`.
"""

from collections.abc import AsyncGenerator, Iterable
from contextlib import asynccontextmanager
from datetime import timedelta
from functools import partial
from typing import Annotated, Self

from fastapi import APIRouter, Body, Depends, FastAPI, Header, Query, Request, Response
from prometheus_client.core import GaugeMetricFamily, Metric
from prometheus_client.registry import Collector
from pydantic import Field, NonNegativeInt, PositiveInt, model_validator

from app.engine import EngineDep
from app.job_store import JobsDep, SqlJobs
from app.job_worker import Worker, build_broker
from app.keys import Caller, require
from app.problems import problem
from app.roles import RoleSettings, Unrecorded
from app.settings import Settings
from app.stores import watched
from intelligence.api import jobs as api
from intelligence.api.asking import RETRY_AFTER, Storable
from intelligence.api.inference import ClassifyResponse, EmbeddingsResponse
from intelligence.api.problems import responses

GRACE = 5.0  # seconds that running jobs have at the end of a process that serves
WORKERS_GRACE = 15.0  # and of one that does nothing else


class JobSettings(RoleSettings):
    """Attributes:
    database_url: as in `app.settings.Settings`.
    jobs_concurrency: jobs that a process works on at a time; 0: it leaves them to workers.
    jobs_queue: jobs that may wait; further ones are refused with 503.
    jobs_lease: seconds after which the job of a worker that is gone is another's.
    jobs_retention: hours for which a job is kept after its end, with its result.
    """

    database_url: str = "sqlite"
    jobs_concurrency: NonNegativeInt = 2
    jobs_queue: PositiveInt = 1000
    jobs_lease: float = Field(default=30, ge=1, le=3600)
    jobs_retention: PositiveInt = 24

    @model_validator(mode="after")
    def somebody_works(self) -> Self:
        if self.app_role == "worker" and self.database_url.startswith("sqlite"):
            raise ValueError(
                "APP_ROLE=worker shares the database with other processes, and SQLite serves one: "
                "point DATABASE_URL at PostgreSQL"
            )
        if not self.jobs_concurrency and (self.app_role == "worker" or self.redis_url is None):
            raise ValueError(
                "JOBS_CONCURRENCY=0 leaves jobs to workers, and there are none: set REDIS_URL and "
                "start some with APP_ROLE=worker, or let this process work on them"
            )
        return self

    @property
    def concurrency(self) -> int:
        return self.jobs_concurrency if self.app_role in ("all", "worker") else 0

    @property
    def grace(self) -> float:
        return WORKERS_GRACE if self.app_role == "worker" else GRACE


type Owner = Annotated[Caller, Depends(require("jobs"))]

router = APIRouter(prefix="/v1/jobs", tags=["jobs"], responses=responses(401, 403, 422, 429))


@router.post(
    "",
    summary="Ask for a job",
    status_code=202,
    responses={
        202: {
            "headers": {
                "Location": {"description": "The job's path.", "schema": {"type": "string"}},
                "Retry-After": {
                    "description": "Seconds until it is worth a look.",
                    "schema": {"type": "integer"},
                },
            }
        },
        **responses(400, 404, 413, 503),
    },
)
async def create_job(
    body: Annotated[api.EmbeddingsJob | api.ClassifyJob, Body(discriminator="kind")],
    request: Request,
    response: Response,
    caller: Owner,
    engine: EngineDep,
    jobs: JobsDep,
    idempotency_key: Annotated[api.IdempotencyKey | None, Header()] = None,
) -> api.Job:
    """What the inference API does, for up to 1,000 texts and later."""
    body.check(engine)
    job = await jobs.create(caller.key_id, body, idempotency_key)
    await get_worker(request.app).ring()
    response.headers["Location"] = f"/v1/jobs/{job.id}"
    response.headers["Retry-After"] = str(RETRY_AFTER)
    return job


@router.get("", summary="List your jobs")
async def list_jobs(
    caller: Owner,
    jobs: JobsDep,
    before: Annotated[
        Storable | None, Query(max_length=40, description="An id; older ones.")
    ] = None,
    limit: Annotated[int, Query(ge=1, le=api.PAGE)] = 20,
) -> api.JobList:
    """Those of the caller, newest first."""
    found = await jobs.all(caller.key_id, before=before, limit=limit + 1)
    return api.JobList.of(found, limit)


@router.get("/{id}", summary="Look at a job", responses=responses(404))
async def get_job(
    id: Storable,  # noqa: A002 - the name in the path
    caller: Owner,
    jobs: JobsDep,
) -> api.Job:
    """How far it is, and why it failed if it did."""
    return await jobs.get(caller.key_id, id)


@router.get(
    "/{id}/result",
    summary="Fetch a job's result",
    response_model=EmbeddingsResponse | ClassifyResponse,
    responses=responses(404, 409),
)
async def get_job_result(
    id: Storable,  # noqa: A002 - the name in the path
    caller: Owner,
    jobs: JobsDep,
) -> Response:
    """As the inference API would have answered. 409 while there is none; it is kept for a time."""
    return Response(await jobs.result(caller.key_id, id), media_type="application/json")


@router.delete("/{id}", summary="Cancel a job", responses=responses(404, 409))
async def cancel_job(
    id: Storable,  # noqa: A002 - the name in the path
    caller: Owner,
    jobs: JobsDep,
) -> api.Job:
    """It costs nothing then, however far it was."""
    return await jobs.cancel(caller.key_id, id)


@asynccontextmanager
async def resources(app: FastAPI, settings: JobSettings) -> AsyncGenerator[None]:
    app.state.worker = worker = Worker(
        app.state.jobs,
        app.state.engine,
        build_broker(None if settings.redis_url is None else str(settings.redis_url)),
        concurrency=settings.concurrency,
        counted=watched(app, Unrecorded()),
    )
    async with worker.at_work(settings.grace):
        yield


def get_worker(app: FastAPI) -> Worker:
    worker: Worker = app.state.worker
    return worker


class JobsCollector(Collector):
    """The figures are the database's, so every process shows the same: take the greatest."""

    def __init__(self, app: FastAPI) -> None:
        self._app = app

    def collect(self) -> Iterable[Metric]:
        figures = get_worker(self._app).figures
        yield GaugeMetricFamily("jobs_queued", "Jobs that wait for a worker.", figures.queued)
        yield GaugeMetricFamily("jobs_running", "Jobs that are worked on.", figures.running)
        yield GaugeMetricFamily(
            "jobs_oldest_age_seconds", "Since the oldest queued job was asked for.", figures.oldest
        )


def install(app: FastAPI, _: Settings) -> None:
    settings = JobSettings()
    app.state.jobs = SqlJobs(
        app.state.database,
        lease=timedelta(seconds=settings.jobs_lease),
        retention=timedelta(hours=settings.jobs_retention),
        most=settings.jobs_queue,
        usage=app.state.usage_writer,
    )
    app.include_router(router)
    if settings.app_role != "inference":
        app.state.metrics.registry.register(JobsCollector(app))
        app.state.resources.append(partial(resources, settings=settings))

    @app.exception_handler(api.UnknownJob)
    async def unknown_job(_: Request, error: api.UnknownJob) -> Response:
        return problem(404, str(error))

    @app.exception_handler(api.KeyReused)
    async def key_reused(_: Request, error: api.KeyReused) -> Response:
        return problem(422, str(error))

    @app.exception_handler(api.Ended)
    async def ended(_: Request, error: api.Ended) -> Response:
        return problem(409, str(error))

    @app.exception_handler(api.Unfinished)
    async def unfinished(_: Request, error: api.Unfinished) -> Response:
        headers = {"Retry-After": str(RETRY_AFTER)} if error.pending else None
        return problem(409, str(error), headers=headers)
