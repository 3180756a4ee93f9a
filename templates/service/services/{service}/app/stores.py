"""What `intelligence` hands to a service to keep, kept in SQL."""

import logging
from collections.abc import Awaitable
from dataclasses import asdict
from typing import Annotated

from fastapi import Depends
from sqlalchemy.exc import SQLAlchemyError

from app.database import Database, DatabaseDep
from app.models import UsageRecord
from intelligence.usage import Usage, UsageSink

logger = logging.getLogger(__name__)


class SqlUsageSink:
    """One row a request. A failure is logged and goes no further: the answer is there already."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def record(self, usage: Usage) -> None:
        try:
            async with self._database.session() as session:
                session.add(UsageRecord(**asdict(usage)))
        except (SQLAlchemyError, OSError):
            logger.exception("usage lost: %s", usage)


def get_usage_sink(database: DatabaseDep) -> UsageSink[Awaitable[None]]:
    return SqlUsageSink(database)


UsageSinkDep = Annotated[UsageSink[Awaitable[None]], Depends(get_usage_sink)]
