"""The process's one inference engine; the app's lifespan starts and drains it."""

from functools import partial
from typing import Annotated

from fastapi import Depends
from starlette.requests import HTTPConnection

from app.settings import Settings
from intelligence import embedded
from intelligence.engine import Engine


def build_engine(settings: Settings) -> Engine:
    load = partial(embedded.load, settings.embedding_model_dir, threads=settings.inference_threads)
    return Engine(load, max_queue=settings.inference_queue, timeout=settings.inference_timeout)


def get_engine(connection: HTTPConnection) -> Engine:
    engine: Engine = connection.app.state.engine
    return engine


EngineDep = Annotated[Engine, Depends(get_engine)]
