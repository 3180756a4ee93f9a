"""How an operation of several steps waits for the engine without knowing who serves it."""

from concurrent.futures import Future
from typing import Protocol


class Wait(Protocol):
    """How an edge waits for the engine. Raises what the future does, Expired at the deadline, and
    `intelligence.api.asking.CallerLeft`."""

    async def __call__[R](self, future: Future[R], /) -> R: ...
