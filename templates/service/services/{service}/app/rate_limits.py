"""429 to an API key that sends more than `RATE_LIMIT` requests a minute to this process.

`app.keys.require` counts, after the key was found and before anything is computed.
"""

from fastapi import FastAPI, Request, Response
from starlette.requests import HTTPConnection

from app.problems import problem
from app.settings import Settings
from app.waiting import hold_back
from intelligence.api.rate_limits import RateLimited, RateLimits


def get_rate_limits(connection: HTTPConnection) -> RateLimits:
    limits: RateLimits = connection.app.state.rate_limits
    return limits


def install(app: FastAPI, settings: Settings) -> None:
    app.state.rate_limits = RateLimits(settings.rate_limit)

    @app.exception_handler(RateLimited)
    async def limited(_: Request, error: RateLimited) -> Response:
        await hold_back(app)
        return problem(429, str(error), headers={"Retry-After": str(error.retry_after)})
