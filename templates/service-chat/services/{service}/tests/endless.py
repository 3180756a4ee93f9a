"""The service with a model that never ends its answer.

Start it by `uvicorn --app-dir tests --factory endless:app`.
"""

from fastapi import FastAPI

from app.main import create_app
from intelligence.engine import Engine
from intelligence.testing.embedder import MadeUpEmbedder
from intelligence.testing.endless import EndlessGenerator


def app() -> FastAPI:
    app = create_app(engine=Engine(MadeUpEmbedder))
    app.state.generator = EndlessGenerator()
    return app
