"""Documents and search over HTTP: who may, how refusals are answered, and the commands beside it.

What the bodies hold and what becomes of a document is `intelligence.api.documents`; where it is
kept is `app.chunks`.
"""

import argparse
import logging
from collections.abc import Awaitable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated

from fastapi import APIRouter, Depends, FastAPI, Query, Request, Response

from app.chunks import SqlChunkStore
from app.commands import COMMANDS, Commands
from app.database import Database, DatabaseDep
from app.engine import EngineDep
from app.indexing import in_time, reindexing, started
from app.keys import ApiKeys, Caller, require
from app.library import STAFFS, library_of
from app.problems import problem
from app.settings import ROOT, Settings
from app.stores import SqlUsageSink, UsageSinkDep
from app.waiting import AdmittedRoute, Waiting, WaitingDep
from intelligence.api import documents as api
from intelligence.api.keeping import After, Limit
from intelligence.api.problems import responses
from intelligence.engine import Engine
from intelligence.errors import IntelligenceError
from intelligence.usage import UsageSink

logger = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Asking:
    """What a request needs to ask for documents; a route adds who asks."""

    database: Database
    engine: Engine
    sink: UsageSink[Awaitable[None]]
    wait: Waiting

    def by(self, caller: Caller) -> api.Documents:
        store = SqlChunkStore(self.database, library_of(caller))
        return api.Documents(store, self.engine, self.sink, self.wait, caller.key_id)


async def get_asking(
    database: DatabaseDep, engine: EngineDep, sink: UsageSinkDep, wait: WaitingDep
) -> Asking:
    return Asking(database, engine, sink, wait)


type AskingDep = Annotated[Asking, Depends(get_asking)]
type Owner = Annotated[Caller, Depends(require("documents"))]
type Asker = Annotated[Caller, Depends(require("chat"))]

# The model is asked: a full queue refuses at the door.
asking = APIRouter(
    prefix="/v1",
    tags=["documents"],
    responses=responses(400, 401, 403, 413, 422, 429, 503),
    route_class=AdmittedRoute,
)
reading = APIRouter(prefix="/v1", tags=["documents"], responses=responses(401, 403, 422, 429))


@asking.put(
    "/documents/{document_id}",
    summary="Put a document",
    responses={201: {"description": "It is new.", "model": api.PutResponse}},
)
async def put_document(
    document_id: api.DocumentId,
    body: api.PutDocument,
    asking: AskingDep,
    caller: Owner,
    response: Response,
) -> api.PutResponse:
    """In place of the one of that id, or as a new one. One that has not changed costs nothing."""
    new, stored = await asking.by(caller).put(document_id, body)
    response.status_code = 201 if new else 200
    return stored


@asking.post("/search", summary="Find passages")
async def search(body: api.SearchRequest, asking: AskingDep, caller: Asker) -> api.SearchResponse:
    """The passages of all documents that answer best, by their meaning and by their words."""
    return await asking.by(caller).search(body)


@reading.get("/documents", summary="List documents")
async def list_documents(
    asking: AskingDep,
    caller: Owner,
    after: Annotated[After, Query(description="What `next` of the page before says.")] = "",
    limit: Annotated[Limit, Query(description="How many at most.")] = 20,
) -> api.DocumentPage:
    """By id, without their text."""
    return await asking.by(caller).all(after, limit)


@reading.get("/documents/{document_id}", summary="Show a document", responses=responses(404))
async def get_document(
    document_id: api.DocumentId, asking: AskingDep, caller: Owner
) -> api.StoredDocument:
    """What is kept about it, without its text."""
    return await asking.by(caller).get(document_id)


@reading.delete(
    "/documents/{document_id}",
    summary="Delete a document",
    status_code=204,
    responses=responses(404),
)
async def delete_document(document_id: api.DocumentId, asking: AskingDep, caller: Owner) -> None:
    """With all its passages: from now on nothing of it is found."""
    await asking.by(caller).delete(document_id)


def install(app: FastAPI, settings: Settings) -> None:
    app.include_router(asking)
    app.include_router(reading)

    @app.exception_handler(api.UnknownDocument)
    async def unknown_document(_: Request, error: api.UnknownDocument) -> Response:
        return problem(404, str(error))

    if settings.app_env == "development":

        async def put_own_pages(_: ApiKeys) -> None:
            await put_pages(app.state.database, app.state.engine, ROOT.parent.parent)

        app.state.seeds.append(put_own_pages)


async def put_pages(database: Database, engine: Engine, folder: Path) -> None:
    """Puts the project's README.md and docs/*.md as they are there, so that a first question about
    the project itself is answered. The model is loaded only if one of them has changed; how far it
    is with them is logged, for a server may take its time."""
    store = SqlChunkStore(database, STAFFS)
    stored = {name: await store.get(name) for name, _ in pages(folder)}
    changed = {
        name: body
        for name, body in pages(folder)
        if (kept := stored[name]) is None or kept.document.digest != body.digest()
    }
    if not changed:
        return
    total = len(changed)
    logger.info("embedding the project's own pages, so that they can be found: %s of them", total)
    try:
        async with started(engine):
            documents = api.Documents(store, engine, SqlUsageSink(database), in_time, None)
            for number, (name, body) in enumerate(changed.items(), start=1):
                await documents.put(name, body)
                logger.info("embedded %s of %s: %s", number, total, name)
    except IntelligenceError as error:
        logger.warning("the project's own pages cannot be found yet: %s", error)


def pages(folder: Path) -> Iterator[tuple[str, api.PutDocument]]:
    """Identifier and body of each page; its title is its first heading."""
    for path in (folder / "README.md", *sorted(folder.glob("docs/*.md"))):
        if path.is_file():
            heading, _, text = path.read_text(encoding="utf-8").partition("\n")
            name = "-".join(path.relative_to(folder).parts)
            yield name, api.PutDocument(title=heading.strip("# ") or name, text=text)


async def reindex(_: argparse.Namespace, settings: Settings) -> int:
    async with reindexing(settings) as (database, engine):
        store, sink = SqlChunkStore(database), SqlUsageSink(database)
        done = await api.Documents(store, engine, sink, in_time, None).reindex()
        logger.info("%s documents embedded anew with %s", done, engine.model)
    return 0


def add_commands(commands: Commands) -> None:
    verbs = commands.add_parser("documents", help="what is searched").add_subparsers(
        required=True, metavar="VERB"
    )
    command = verbs.add_parser("reindex", help="embed anew what another model embedded")
    command.set_defaults(run=reindex)


COMMANDS.append(add_commands)
