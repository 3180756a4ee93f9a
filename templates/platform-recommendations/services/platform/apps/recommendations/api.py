"""Items, events and recommendations over HTTP: who may, and how refusals are answered.

What the bodies hold and what becomes of them is `intelligence.api.recommendations`; where it is
kept is `apps.recommendations.stores`.
"""

from typing import Annotated

from django.http import HttpRequest, HttpResponse
from ninja import Query, Router, Status

from apps.api import engine as process
from apps.api.auth import ApiKey, CallerRequest, new_scope
from apps.api.blocking import admitted
from apps.api.problems import problem
from apps.api.root import api as root
from apps.recommendations.blocking import Sink, run, wait
from apps.recommendations.stores import DjangoEvents, DjangoItems
from intelligence.api import recommendations as api
from intelligence.api.keeping import After, Limit
from intelligence.api.problems import responses

ITEMS, EVENTS = new_scope("items"), new_scope("events")

router = Router(auth=ApiKey(new_scope("recommendations")), tags=["recommendations"])


def recommendations(request: CallerRequest) -> api.Recommendations:
    caller = request.auth
    items, events = DjangoItems(), DjangoEvents()
    return api.Recommendations(
        items, events, process.engine, Sink(), wait, caller.name, caller.key_id
    )


@router.put(
    "/items/{item_id}",
    summary="Put an item",
    auth=[admitted, ApiKey(ITEMS)],
    response={200: api.PutItemResponse, 201: api.PutItemResponse},
    openapi_extra={
        "responses": {
            201: {"description": "It is new."},
            **responses(400, 401, 403, 413, 422, 429, 503),
        }
    },
)
def put_item(
    request: CallerRequest, item_id: api.ItemId, body: api.PutItem
) -> Status[api.PutItemResponse]:
    """In place of the one of that id, or as a new one. One that has not changed costs nothing."""
    new, kept = run(recommendations(request).put(item_id, body))
    return Status(201 if new else 200, kept)


@router.post(
    "/items",
    summary="Put several items",
    auth=[admitted, ApiKey(ITEMS)],
    response=api.PutItemsResponse,
    openapi_extra={"responses": responses(400, 401, 403, 413, 422, 429, 503)},
)
def put_items(request: CallerRequest, body: api.PutItems) -> api.PutItemsResponse:
    """All of them or none, each as by itself."""
    return run(recommendations(request).put_several(body))


@router.get(
    "/items",
    summary="List items",
    auth=ApiKey(ITEMS),
    response=api.ItemPage,
    openapi_extra={"responses": responses(401, 403, 422, 429)},
)
def list_items(
    request: CallerRequest,
    after: Annotated[After, Query("", description="What `next` of the page before says.")],
    limit: Annotated[Limit, Query(20, description="How many at most.")],
) -> api.ItemPage:
    """By id."""
    return run(recommendations(request).all(after, limit))


@router.get(
    "/items/{item_id}",
    summary="Show an item",
    auth=ApiKey(ITEMS),
    response=api.StoredItem,
    openapi_extra={"responses": responses(401, 403, 404, 422, 429)},
)
def get_item(request: CallerRequest, item_id: api.ItemId) -> api.StoredItem:
    """As it was put."""
    return run(recommendations(request).get(item_id))


@router.delete(
    "/items/{item_id}",
    summary="Delete an item",
    auth=ApiKey(ITEMS),
    response={204: None},
    openapi_extra={"responses": responses(401, 403, 404, 422, 429)},
)
def delete_item(request: CallerRequest, item_id: api.ItemId) -> Status[None]:
    """With all that was done with it."""
    run(recommendations(request).delete(item_id))
    return Status(204, None)


@router.get(
    "/items/{item_id}/similar",
    summary="Find similar items",
    response=api.SimilarItemsResponse,
    openapi_extra={"responses": responses(401, 403, 404, 422, 429, 503)},
)
def find_similar_items(
    request: CallerRequest,
    item_id: api.ItemId,
    limit: Annotated[api.Count, Query(10, description="How many at most.")],
) -> api.SimilarItemsResponse:
    """The items nearest in meaning, whoever looks."""
    return run(recommendations(request).similar(item_id, limit))


@router.post(
    "/events",
    summary="Tell what was done",
    auth=ApiKey(EVENTS),
    response=api.PostEventsResponse,
    openapi_extra={"responses": responses(400, 401, 403, 413, 422, 429)},
)
def post_events(request: CallerRequest, body: api.PostEvents) -> api.PostEventsResponse:
    """Views, likes and purchases. Each counts once, however often it is sent."""
    return run(recommendations(request).record(body))


@router.get(
    "/recommendations",
    summary="Recommend items",
    response=api.RecommendationsResponse,
    openapi_extra={"responses": responses(401, 403, 422, 429, 503)},
)
def get_recommendations(
    request: CallerRequest,
    subject: Annotated[api.Subject, Query(description="As events name them.")],
    limit: Annotated[api.Count, Query(10, description="How many at most.")],
) -> api.RecommendationsResponse:
    """What the subject may like next, each with why. What it had to do with lately is left out."""
    return run(recommendations(request).recommend(subject, limit))


@root.exception_handler(api.UnknownItem)
def unknown_item(_: HttpRequest, error: api.UnknownItem) -> HttpResponse:
    return problem(404, str(error))


root.add_router("/v1", router)
