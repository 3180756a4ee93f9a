"""A made-up model that never ends its answer."""

import asyncio
from collections.abc import AsyncGenerator

from intelligence.generation.ports import Done, Piece, Question


class EndlessGenerator:
    """An `intelligence.generation.ports.Generator`."""

    model = "endless"
    prompt = None

    async def write(self, question: Question) -> AsyncGenerator[Piece | Done]:
        while True:
            yield Piece("and ")
            await asyncio.sleep(0.01)

    async def close(self) -> None:
        pass
