"""Quotas of API keys: 429 beyond them, `GET /v1/usage/quotas`, `python -m app quota`.

What is left, and how long a process goes by what it has read, is `intelligence.api.quotas`.
"""

import argparse
import sys
from collections.abc import Awaitable
from typing import Annotated

from fastapi import APIRouter, Depends, FastAPI, Request, Response

from app.commands import COMMANDS, Commands, opened
from app.database import DatabaseDep
from app.keys import Caller, require
from app.models import utcnow
from app.quota_store import SqlQuotas, count
from app.settings import Settings
from app.waiting import hold_back
from intelligence.api import quotas as api
from intelligence.api.problems import MEDIA_TYPE, responses
from intelligence.usage import Usage, UsageSink

router = APIRouter(prefix="/v1", tags=["quotas"], responses=responses(401, 429))


@router.get("/usage/quotas", summary="Your own quotas")
async def list_quotas(
    caller: Annotated[Caller, Depends(require())], database: DatabaseDep
) -> api.QuotaList:
    """Of the caller: what it may use, and what is left of that."""
    counts = await SqlQuotas(database).counts(caller.key_id)
    return api.QuotaList.of(counts.quotas(utcnow()) if counts else [])


class CountedTokens:
    """A sink before another: what this process used counts at once."""

    def __init__(self, sink: UsageSink[Awaitable[None]], app: FastAPI) -> None:
        self._sink = sink
        self._app = app

    async def record(self, usage: Usage) -> None:
        if usage.key_id is not None:
            tokens = usage.input_tokens + usage.output_tokens
            self._app.state.quotas.used(usage.key_id, tokens)
        await self._sink.record(usage)


def install(app: FastAPI, _: Settings) -> None:
    app.state.quotas = api.Quotas()
    store = SqlQuotas(app.state.database)

    async def admit(caller: Caller) -> None:
        """Raises QuotaExceeded."""
        quotas: api.Quotas = app.state.quotas
        if quotas.due(caller.key_id):
            quotas.learn(caller.key_id, await store.counts(caller.key_id))
        quotas.admit(caller.key_id)

    app.state.doors.append(admit)
    app.state.usage_writer.beside.append(count)
    app.state.usage_sink = CountedTokens(app.state.usage_sink, app)
    app.include_router(router)

    @app.exception_handler(api.QuotaExceeded)
    async def exceeded(_: Request, error: api.QuotaExceeded) -> Response:
        await hold_back(app)
        return Response(
            api.QuotaProblem.exceeded(error).content(),
            429,
            {"Retry-After": str(error.retry_after)},
            MEDIA_TYPE,
        )


async def put(arguments: argparse.Namespace, settings: Settings) -> int:
    limits = arguments.tokens_a_month, arguments.requests_a_day
    async with opened(settings) as database:
        if await SqlQuotas(database).put(arguments.id, *limits):
            return 0
    sys.stderr.write(f"there is no key {arguments.id}\n")
    return 1


def limit(value: str) -> int:
    if not value.isdecimal():
        raise argparse.ArgumentTypeError("takes a number from 0")
    return int(value)


def add_commands(commands: Commands) -> None:
    command = commands.add_parser("quota", help="set how much a key may use")
    command.add_argument("id", help="the key up to its second underscore, as `keys list` shows it")
    command.add_argument("--tokens-a-month", type=limit, help="default: any number")
    command.add_argument("--requests-a-day", type=limit, help="default: any number")
    command.set_defaults(run=put)


COMMANDS.append(add_commands)
