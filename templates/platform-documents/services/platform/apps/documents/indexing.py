"""Documents that commands put: they load a model, wait for as long as it takes, and end it."""

import asyncio
import logging
from collections.abc import AsyncGenerator, Iterator, Mapping
from concurrent.futures import Future
from contextlib import asynccontextmanager
from pathlib import Path

from apps.api.waiting import AsyncUsageSink
from apps.documents.stores import DjangoChunkStore
from apps.vectors.indexing import started
from intelligence.api.documents import Documents, PutDocument

logger = logging.getLogger(__name__)


async def in_time[R](future: Future[R], /) -> R:
    return await asyncio.wrap_future(future)


@asynccontextmanager
async def indexer() -> AsyncGenerator[Documents]:
    """With a model of its own. Raises ModelError."""
    with started() as engine:
        yield Documents(DjangoChunkStore(), engine, AsyncUsageSink(), in_time, None)


async def reindex() -> int:
    """Embeds anew what another model embedded; returns how many documents that were."""
    async with indexer() as documents:
        return await documents.reindex()


async def put_pages(folder: Path) -> None:
    """Puts the project's README.md and docs/*.md as they are there. The model is loaded only if one
    of them has changed; how far it is with them is logged, for a server may take its time. Raises
    IntelligenceError."""
    if not (changed := await _changed(dict(pages(folder)))):
        return
    total = len(changed)
    logger.info("embedding the project's own pages, so that they can be found: %s of them", total)
    async with indexer() as documents:
        for number, (name, body) in enumerate(changed.items(), start=1):
            await documents.put(name, body)
            logger.info("embedded %s of %s: %s", number, total, name)


async def _changed(found: Mapping[str, PutDocument]) -> dict[str, PutDocument]:
    stored = {name: await DjangoChunkStore().get(name) for name in found}
    return {
        name: body
        for name, body in found.items()
        if (kept := stored[name]) is None or kept.document.digest != body.digest()
    }


def pages(folder: Path) -> Iterator[tuple[str, PutDocument]]:
    """Identifier and body of each page; its title is its first heading."""
    for path in (folder / "README.md", *sorted(folder.glob("docs/*.md"))):
        if path.is_file():
            heading, _, text = path.read_text(encoding="utf-8").partition("\n")
            name = "-".join(path.relative_to(folder).parts)
            yield name, PutDocument(title=heading.strip("# ") or name, text=text)
