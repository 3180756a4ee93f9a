"""A coroutine of the library, run to its end in the thread of a request.

What it awaits here is a store that asks the database and a wait for the model, and both block. So
it never has to be taken up again, and needs no event loop.
"""

from collections.abc import Coroutine
from concurrent.futures import Future
from typing import Any

from apps.api import blocking
from intelligence.usage import Usage


def run[T](coroutine: Coroutine[Any, Any, T], /) -> T:
    """Raises RuntimeError if it waits for an event loop."""
    try:
        coroutine.send(None)
    except StopIteration as done:
        value: T = done.value
        return value
    coroutine.close()
    raise RuntimeError("it waits for an event loop, and there is none")


async def wait[R](future: Future[R], /) -> R:
    return blocking.result_of(future)


async def in_time[R](future: Future[R], /) -> R:
    """A command waits for as long as it takes."""
    return future.result()


class Sink:
    async def record(self, usage: Usage) -> None:
        blocking.sink.record(usage)
