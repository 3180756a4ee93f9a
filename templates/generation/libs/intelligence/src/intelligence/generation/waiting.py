"""Waiting for the engine in an event loop."""

import asyncio
from concurrent.futures import Future

from intelligence.errors import Expired


async def result_of[R](future: Future[R], timeout: float) -> R:
    """What still waits for the model after `timeout` seconds, or when the caller is cancelled, is
    taken out of the queue.

    Raises Expired, and what the future raises.
    """
    try:
        async with asyncio.timeout(timeout):
            return await asyncio.wrap_future(future)
    except TimeoutError as error:
        raise Expired(timeout) from error
