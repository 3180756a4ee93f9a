"""The service with a model that never ends its answer.

Start it by `uvicorn --app-dir tests --factory endless:app`.
"""

import asyncio
from collections.abc import AsyncGenerator

from fastapi import FastAPI

from app.main import create_app
from intelligence.engine import Engine
from intelligence.generation.ports import Done, Piece, Question
from intelligence.testing.embedder import MadeUpEmbedder

MODEL = "endless"


class EndlessGenerator:
    """An `intelligence.generation.ports.Generator`."""

    model = MODEL
    prompt = None

    async def write(self, question: Question) -> AsyncGenerator[Piece | Done]:
        while True:
            yield Piece("and ")
            await asyncio.sleep(0.01)

    async def close(self) -> None:
        pass


def app() -> FastAPI:
    app = create_app(engine=Engine(MadeUpEmbedder))
    app.state.generator = EndlessGenerator()
    return app
