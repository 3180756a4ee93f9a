"""What `intelligence` hands to a service to keep, kept in SQL."""

import asyncio
import logging
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import asdict, dataclass, field
from datetime import datetime
from typing import Annotated

from fastapi import Depends, FastAPI
from sqlalchemy import insert
from sqlalchemy.exc import DataError, DBAPIError, IntegrityError
from sqlalchemy.ext.asyncio import AsyncSession
from starlette.requests import HTTPConnection

from app.database import Database
from app.models import UsageRecord, utcnow
from intelligence.prices import Prices
from intelligence.usage import Usage, UsageSink

logger = logging.getLogger(__name__)

MAX_WAITING = 10_000  # of a few hundred bytes each


@dataclass(frozen=True, slots=True)
class Entry:
    usage: Usage
    created_at: datetime = field(default_factory=utcnow)

    def row(self, prices: Prices) -> dict[str, object]:
        usage = self.usage
        tokens, day = (usage.input_tokens, usage.output_tokens), self.created_at.date()
        cost = prices.cost(usage.model, *tokens, day)
        return asdict(usage) | {"created_at": self.created_at, "cost_nano": cost}


class SqlUsageSink:
    """Writes behind the requests: what came in during one write is the next, one transaction.

    The first is written at once, and none waits for company. A row that cannot be written is
    logged, so that it can be put down by hand, and goes no further: the answer is out already. A
    process that is killed takes along what its last write had not committed.
    """

    def __init__(
        self, database: Database, prices: Prices | None = None, max_waiting: int = MAX_WAITING
    ) -> None:
        self._database = database
        self._prices = prices or Prices.read()
        self._max_waiting = max_waiting
        self._waiting: list[Entry] = []
        self._writing: Sequence[Entry] = ()
        self._writer: asyncio.Task[None] | None = None
        # What else goes into the transaction of a write, by features.
        self.beside = list[Callable[[AsyncSession, Sequence[Entry]], Awaitable[None]]]()

    async def record(self, usage: Usage) -> None:
        """Returns before it is written, see `flush`."""
        if len(self._waiting) + len(self._writing) >= self._max_waiting:
            _lost([Entry(usage)], f"{self._max_waiting} are waiting for the database")
            return
        self._waiting.append(Entry(usage))
        if self._writer is None:
            self._writer = asyncio.create_task(self._write())

    async def write(self, session: AsyncSession, entries: Sequence[Entry]) -> None:
        """In a transaction of the caller's, for what must cost once or not be done."""
        rows = [entry.row(self._prices) for entry in entries]
        await session.execute(insert(UsageRecord), rows)
        for count in self.beside:
            await count(session, entries)

    async def flush(self) -> None:
        """Returns when all that was recorded is written, or logged as lost."""
        while self._writer is not None:
            await asyncio.wait([self._writer])

    async def close(self, seconds: float) -> None:
        """Like `flush`; after `seconds` the rest is logged as lost."""
        try:
            async with asyncio.timeout(seconds):
                await self.flush()
        except TimeoutError:
            left, self._waiting = [*self._writing, *self._waiting], []
            if self._writer is not None:
                self._writer.cancel()
            _lost(left, f"the database did not take it within {seconds:g} s")

    async def _write(self) -> None:
        try:
            while self._waiting:
                self._writing, self._waiting = self._waiting, []
                await self._insert(self._writing)
        finally:
            self._writing, self._writer = (), None

    async def _insert(self, entries: Sequence[Entry]) -> None:
        try:
            async with self._database.session() as session:
                await self.write(session, entries)
        except (IntegrityError, DataError) as error:
            # Of one row, such as one whose key is gone: each is tried by itself.
            if len(entries) == 1:
                _lost(entries, error.orig)
                return
            for entry in entries:
                await self._insert([entry])
        except Exception as error:  # noqa: BLE001 - whatever it is, nobody else can say what is lost
            _lost(entries, error.orig if isinstance(error, DBAPIError) else error)


def _lost(entries: Sequence[Entry], reason: object) -> None:
    for entry in entries:
        logger.error("usage lost, %s: %s", reason, entry.usage)


def watched(app: FastAPI, sink: UsageSink[Awaitable[None]]) -> UsageSink[Awaitable[None]]:
    """The sink, behind those that only count and trace."""
    for before in app.state.usage_watchers:
        sink = before(sink)
    return sink


async def get_usage_sink(connection: HTTPConnection) -> UsageSink[Awaitable[None]]:
    sink: UsageSink[Awaitable[None]] = connection.app.state.usage_sink
    return sink


async def get_prices(connection: HTTPConnection) -> Prices:
    prices: Prices = connection.app.state.prices
    return prices


UsageSinkDep = Annotated[UsageSink[Awaitable[None]], Depends(get_usage_sink)]
PricesDep = Annotated[Prices, Depends(get_prices)]
