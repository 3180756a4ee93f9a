"""Waiting for the engine in an event loop."""

import asyncio
from concurrent.futures import Future

from intelligence.errors import Expired


async def result_of[R](future: Future[R], seconds: float) -> R:
    """What still waits for the model after so many seconds, or when the caller is cancelled, is
    taken out of the queue.

    Raises Expired, and what the future raises.
    """
    try:
        async with asyncio.timeout(seconds):
            return await asyncio.wrap_future(future)
    except TimeoutError as error:
        raise Expired(seconds) from error
