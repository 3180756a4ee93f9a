"""Documents and search over HTTP: who may, and how refusals are answered.

What the bodies hold and what becomes of a document is `intelligence.api.documents`; where it is
kept is `apps.documents.stores`.
"""

from typing import Annotated

from django.http import HttpRequest, HttpResponse
from ninja import Query, Router, Status

from apps.api import engine as process
from apps.api.auth import new_scope
from apps.api.problems import problem
from apps.api.root import api as root
from apps.api.waiting import ApiKey, AsyncUsageSink, Request, Waiting, admitted, while_connected
from apps.documents.stores import DjangoChunkStore
from intelligence.api import documents as api
from intelligence.api.keeping import After, Limit
from intelligence.api.problems import responses

router = Router(auth=ApiKey(new_scope("documents")), tags=["documents"])


def documents(request: Request) -> api.Documents:
    key_id = request.auth.key_id
    store, sink = DjangoChunkStore(), AsyncUsageSink()
    return api.Documents(store, process.engine, sink, Waiting(), key_id)


@router.put(
    "/documents/{document_id}",
    summary="Put a document",
    auth=[admitted, ApiKey(new_scope("documents"))],
    response={200: api.PutResponse, 201: api.PutResponse},
    openapi_extra={
        "responses": {
            201: {"description": "It is new."},
            **responses(400, 401, 403, 413, 422, 429, 503),
        }
    },
)
async def put_document(
    request: Request, document_id: api.DocumentId, body: api.PutDocument
) -> Status[api.PutResponse]:
    """In place of the one of that id, or as a new one. One that has not changed costs nothing."""
    with while_connected():
        new, stored = await documents(request).put(document_id, body)
    return Status(201 if new else 200, stored)


@router.post(
    "/search",
    summary="Find passages",
    auth=[admitted, ApiKey(new_scope("chat"))],
    response=api.SearchResponse,
    openapi_extra={"responses": responses(400, 401, 403, 413, 422, 429, 503)},
)
async def search(request: Request, body: api.SearchRequest) -> api.SearchResponse:
    """The passages of all documents that answer best, by their meaning and by their words."""
    with while_connected():
        return await documents(request).search(body)


@router.get(
    "/documents",
    summary="List documents",
    response=api.DocumentPage,
    openapi_extra={"responses": responses(401, 403, 422, 429)},
)
async def list_documents(
    request: Request,
    after: Annotated[After, Query("", description="What `next` of the page before says.")],
    limit: Annotated[Limit, Query(20, description="How many at most.")],
) -> api.DocumentPage:
    """By id, without their text."""
    return await documents(request).all(after, limit)


@router.get(
    "/documents/{document_id}",
    summary="Show a document",
    response=api.StoredDocument,
    openapi_extra={"responses": responses(401, 403, 404, 422, 429)},
)
async def get_document(request: Request, document_id: api.DocumentId) -> api.StoredDocument:
    """What is kept about it, without its text."""
    return await documents(request).get(document_id)


@router.delete(
    "/documents/{document_id}",
    summary="Delete a document",
    response={204: None},
    openapi_extra={"responses": responses(401, 403, 404, 422, 429)},
)
async def delete_document(request: Request, document_id: api.DocumentId) -> Status[None]:
    """With all its passages: from now on nothing of it is found."""
    await documents(request).delete(document_id)
    return Status(204, None)


@root.exception_handler(api.UnknownDocument)
def unknown_document(_: HttpRequest, error: api.UnknownDocument) -> HttpResponse:
    return problem(404, str(error))


root.add_router("/v1", router)
