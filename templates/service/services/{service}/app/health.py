"""Probes for whoever runs the process. They need no key and tell nothing but yes or no."""

import asyncio
from typing import Literal

from fastapi import APIRouter, HTTPException
from pydantic import BaseModel
from sqlalchemy.exc import SQLAlchemyError

from app.database import DatabaseDep
from app.engine import EngineDep
from intelligence.api.problems import responses

DATABASE_TIMEOUT = 2.0  # seconds

router = APIRouter(tags=["service"])


class Health(BaseModel):
    status: Literal["ok"] = "ok"


@router.get("/livez", summary="Is the process alive?")
async def livez() -> Health:
    """Touches nothing: a slow database is no reason to restart the process."""
    return Health()


@router.get("/readyz", summary="May traffic be sent here?", responses=responses(503))
async def readyz(engine: EngineDep, database: DatabaseDep) -> Health:
    """The model is warm and the database answers."""
    if not engine.ready:
        raise HTTPException(503, "the model is not warm")
    try:
        async with asyncio.timeout(DATABASE_TIMEOUT):
            await database.ping()
    except (SQLAlchemyError, OSError) as error:  # TimeoutError is an OSError
        raise HTTPException(503, "the database does not answer") from error
    return Health()
