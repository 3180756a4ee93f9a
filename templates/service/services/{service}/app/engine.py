"""The process's one inference engine; the app's lifespan starts and drains it."""

from typing import Annotated

from fastapi import Depends
from starlette.requests import HTTPConnection

from app.settings import Settings
from intelligence.engine import Engine


def build_engine(settings: Settings) -> Engine:
    return Engine(
        settings.load_model,
        max_queue=settings.inference_queue,
        timeout=settings.inference_timeout,
    )


async def get_engine(connection: HTTPConnection) -> Engine:
    engine: Engine = connection.app.state.engine
    return engine


EngineDep = Annotated[Engine, Depends(get_engine)]
