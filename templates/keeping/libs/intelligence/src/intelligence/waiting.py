"""How an operation of several steps waits for the engine without knowing who serves it."""

from concurrent.futures import Future
from typing import Protocol


class Wait(Protocol):
    """How an edge waits for the engine. Beside what the future raises, Expired at the deadline, and
    an error of the edge's own when the caller has left."""

    async def __call__[R](self, future: Future[R], /) -> R: ...
