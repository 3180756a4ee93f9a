"""The application, put together by a factory: importing a module starts nothing.

Start-up waits for the model: a missing or altered file stops the process and says what to do, and
a process that listens can answer. At the end what is queued is finished, what it cost is written,
then the database is let go.
"""

import asyncio
from collections.abc import AsyncGenerator
from contextlib import AsyncExitStack, asynccontextmanager

from fastapi import FastAPI

from app import (
    docs,
    health,
    logs,
    metrics,
    models_api,
    openapi,
    problems,
    rate_limits,
    telemetry,
    usage_api,
    waiting,
)
from app.database import Database
from app.engine import build_engine
from app.features import FEATURES
from app.keys import ApiKeys
from app.middleware import BodyLimit, RequestContext
from app.settings import Settings
from app.stores import SqlUsageSink, watched
from intelligence.engine import Engine
from intelligence.prices import Prices

MAX_BODY = 1024 * 1024  # bytes
DRAIN_TIMEOUT = 4.0  # seconds, for each of the engine and the usage


@asynccontextmanager
async def lifespan(app: FastAPI) -> AsyncGenerator[None]:
    database: Database = app.state.database
    engine: Engine = app.state.engine
    usage_writer: SqlUsageSink = app.state.usage_writer
    try:
        await asyncio.wrap_future(engine.start())
        async with AsyncExitStack() as stack:
            stack.enter_context(app.state.metrics_server())
            for resource in app.state.resources:
                await stack.enter_async_context(resource(app))
            yield
    finally:
        await asyncio.to_thread(engine.close, DRAIN_TIMEOUT)
        await usage_writer.close(DRAIN_TIMEOUT)
        await database.close()


def create_app(settings: Settings | None = None, engine: Engine | None = None) -> FastAPI:
    """By default with the environment's settings (ValidationError: unsafe) and their model.

    Raises PriceError, too.
    """
    settings = settings or Settings()
    logs.configure(settings)
    exported = telemetry.configured(settings)
    app = FastAPI(
        title="AI service",
        version="1.0.0",
        lifespan=lifespan,
        docs_url=None,
        redoc_url=None,
        generate_unique_id_function=lambda route: route.name,
        telemetry=exported.of_fastapi if exported else None,
    )
    app.state.engine = engine or build_engine(settings)
    app.state.database = Database(settings.database_url)
    app.state.keys = ApiKeys(app.state.database, settings.secret_key)
    # Ways to know a caller: coroutines that give None for what is not theirs.
    app.state.callers = [lambda key: app.state.keys.find(key)]
    app.state.prices = Prices.read()
    app.state.usage_writer = SqlUsageSink(app.state.database, app.state.prices)
    app.state.usage_watchers = []  # sinks before a sink, by functions of the one behind
    app.state.doors = []  # coroutines that raise for a caller who may not ask for more
    app.state.models = []  # their names, by functions that raise NotReady
    app.state.resources = []  # what features open: asynchronous context managers, made of the app
    app.state.pages = []  # paths for people, which `python -m app seed` prints
    app.state.seeds = []  # what else it stores: coroutines that take the keys

    problems.install(app)
    waiting.install(app)
    rate_limits.install(app, settings)
    openapi.install(app)
    docs.install(app)
    app.include_router(health.router)
    app.include_router(models_api.router)
    app.include_router(usage_api.router)
    app.add_middleware(BodyLimit, max_bytes=MAX_BODY)
    app.add_middleware(RequestContext)
    metrics.install(app, settings)
    telemetry.install(app, exported)
    app.state.usage_sink = watched(app, app.state.usage_writer)
    for install in FEATURES:
        install(app, settings)
    return app
