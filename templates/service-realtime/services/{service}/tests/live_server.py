"""The service with a made-up model, on `PORT`: `python tests/live_server.py`."""

import uvicorn
from fastapi import FastAPI

from app.main import create_app
from app.settings import Settings
from intelligence.engine import Engine
from intelligence.testing.embedder import MadeUpEmbedder


def app() -> FastAPI:
    return create_app(engine=Engine(MadeUpEmbedder))


if __name__ == "__main__":
    uvicorn.run(app(), port=Settings().port, access_log=False, timeout_graceful_shutdown=60)
