"""The server with a model that never ends its answer; `python tests/endless.py` starts it."""

import asyncio
from collections.abc import AsyncGenerator

from intelligence.generation.ports import Done, Piece, Question

MODEL = "endless"


class EndlessGenerator:
    """An `intelligence.generation.ports.Generator`."""

    model = MODEL
    prompt = None

    async def write(self, question: Question) -> AsyncGenerator[Piece | Done]:
        while True:
            yield Piece("and ")
            await asyncio.sleep(0.01)

    async def close(self) -> None:
        pass


def main() -> None:
    import django
    from django.conf import settings
    from django.core.management import call_command

    django.setup()
    from apps.api import engine as process
    from apps.chat import answering
    from intelligence.engine import Engine
    from intelligence.testing.embedder import MadeUpEmbedder

    settings.ALLOWED_HOSTS = ["127.0.0.1"]
    process.engine = Engine(MadeUpEmbedder)
    answering.generator = EndlessGenerator()
    call_command("serve")


if __name__ == "__main__":
    main()
