"""Items, events and recommendations over HTTP: who may, how refusals are answered, and a command.

What the bodies hold and what becomes of them is `intelligence.api.recommendations`; where it is
kept is `app.items`.
"""

import argparse
import logging
from collections.abc import Awaitable
from dataclasses import dataclass
from typing import Annotated

from fastapi import APIRouter, Depends, FastAPI, Query, Request, Response

from app.commands import COMMANDS, Commands
from app.database import Database, DatabaseDep
from app.engine import EngineDep
from app.indexing import in_time, reindexing
from app.items import SqlEvents, SqlItems
from app.keys import Caller, require
from app.problems import problem
from app.settings import Settings
from app.stores import UsageSinkDep
from app.waiting import AdmittedRoute, Waiting, WaitingDep
from intelligence.api import recommendations as api
from intelligence.api.keeping import After, Limit
from intelligence.api.problems import responses
from intelligence.engine import Engine
from intelligence.usage import UsageSink

logger = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Asking:
    """What a request needs to ask; a route adds who asks."""

    database: Database
    engine: Engine
    sink: UsageSink[Awaitable[None]]
    wait: Waiting

    def by(self, caller: Caller) -> api.Recommendations:
        items, events = SqlItems(self.database), SqlEvents(self.database)
        return api.Recommendations(
            items, events, self.engine, self.sink, self.wait, caller.name, caller.key_id
        )


async def get_asking(
    database: DatabaseDep, engine: EngineDep, sink: UsageSinkDep, wait: WaitingDep
) -> Asking:
    return Asking(database, engine, sink, wait)


type AskingDep = Annotated[Asking, Depends(get_asking)]
type Keeper = Annotated[Caller, Depends(require("items"))]
type Witness = Annotated[Caller, Depends(require("events"))]
type Asker = Annotated[Caller, Depends(require("recommendations"))]
type Count = Annotated[api.Count, Query(description="How many at most.")]

# The model is asked: a full queue refuses at the door.
asking = APIRouter(
    prefix="/v1",
    tags=["recommendations"],
    responses=responses(400, 401, 403, 413, 422, 429, 503),
    route_class=AdmittedRoute,
)
looking = APIRouter(prefix="/v1", tags=["recommendations"], responses=responses(401, 403, 422, 429))


@asking.put(
    "/items/{item_id}",
    summary="Put an item",
    responses={201: {"description": "It is new.", "model": api.PutItemResponse}},
)
async def put_item(
    item_id: api.ItemId, body: api.PutItem, asking: AskingDep, caller: Keeper, response: Response
) -> api.PutItemResponse:
    """In place of the one of that id, or as a new one. One that has not changed costs nothing."""
    new, kept = await asking.by(caller).put(item_id, body)
    response.status_code = 201 if new else 200
    return kept


@asking.post("/items", summary="Put several items")
async def put_items(body: api.PutItems, asking: AskingDep, caller: Keeper) -> api.PutItemsResponse:
    """All of them or none, each as by itself."""
    return await asking.by(caller).put_several(body)


@looking.get("/items", summary="List items")
async def list_items(
    asking: AskingDep,
    caller: Keeper,
    after: Annotated[After, Query(description="What `next` of the page before says.")] = "",
    limit: Annotated[Limit, Query(description="How many at most.")] = 20,
) -> api.ItemPage:
    """By id."""
    return await asking.by(caller).all(after, limit)


@looking.get("/items/{item_id}", summary="Show an item", responses=responses(404))
async def get_item(item_id: api.ItemId, asking: AskingDep, caller: Keeper) -> api.StoredItem:
    """As it was put."""
    return await asking.by(caller).get(item_id)


@looking.delete(
    "/items/{item_id}", summary="Delete an item", status_code=204, responses=responses(404)
)
async def delete_item(item_id: api.ItemId, asking: AskingDep, caller: Keeper) -> None:
    """With all that was done with it."""
    await asking.by(caller).delete(item_id)


@looking.get(
    "/items/{item_id}/similar", summary="Find similar items", responses=responses(404, 503)
)
async def find_similar_items(
    item_id: api.ItemId, asking: AskingDep, caller: Asker, limit: Count = 10
) -> api.SimilarItemsResponse:
    """The items nearest in meaning, whoever looks."""
    return await asking.by(caller).similar(item_id, limit)


@looking.post("/events", summary="Tell what was done", responses=responses(400, 413))
async def post_events(
    body: api.PostEvents, asking: AskingDep, caller: Witness
) -> api.PostEventsResponse:
    """Views, likes and purchases. Each counts once, however often it is sent."""
    return await asking.by(caller).record(body)


@looking.get("/recommendations", summary="Recommend items", responses=responses(503))
async def get_recommendations(
    subject: Annotated[api.Subject, Query(description="As events name them.")],
    asking: AskingDep,
    caller: Asker,
    limit: Count = 10,
) -> api.RecommendationsResponse:
    """What the subject may like next, each with why. What it had to do with lately is left out."""
    return await asking.by(caller).recommend(subject, limit)


def install(app: FastAPI, _: Settings) -> None:
    app.include_router(asking)
    app.include_router(looking)

    @app.exception_handler(api.UnknownItem)
    async def unknown_item(_: Request, error: api.UnknownItem) -> Response:
        return problem(404, str(error))


async def reindex(_: argparse.Namespace, settings: Settings) -> int:
    async with reindexing(settings) as (database, engine):
        found = await api.reindex(SqlItems(database), engine, in_time)
        logger.info("%s items embedded anew with %s", found.done, engine.model)
        if found.refused:
            logger.warning("too long for it, put them anew: %s", ", ".join(found.refused))
    return 0


def add_commands(commands: Commands) -> None:
    verbs = commands.add_parser("items", help="what is recommended").add_subparsers(
        required=True, metavar="VERB"
    )
    command = verbs.add_parser("reindex", help="embed anew what another model embedded")
    command.set_defaults(run=reindex)


COMMANDS.append(add_commands)
