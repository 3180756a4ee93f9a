"""The chat API over HTTP: who may ask, how many answers are written at a time, what is kept.

What the bodies hold and how an answer comes about is `intelligence.api.chat`. No connection to the
database is held while an answer is written.
"""

from collections.abc import AsyncGenerator
from contextlib import aclosing
from typing import Annotated

from django.http import HttpRequest, HttpResponse
from ninja import Query, Router, Status

from apps.api import engine as process
from apps.api.auth import new_scope
from apps.api.problems import problem
from apps.api.root import api as root
from apps.api.waiting import (
    ApiKey,
    AsyncUsageSink,
    Request,
    admit,
    admitted,
    while_connected,
)
from apps.chat import answering
from apps.chat.answering import Place
from apps.chat.stores import DjangoConversations
from apps.core.streams import EventStream
from apps.documents.stores import DjangoChunkStore
from intelligence.api import chat as api
from intelligence.api.asking import Storable
from intelligence.api.problems import responses

router = Router(auth=ApiKey(new_scope("chat")), tags=["chat"])
conversations = DjangoConversations()


async def has_place(_: HttpRequest) -> None:
    """Refuses what finds too many answers being written before its body is parsed."""
    await admit(answering.answers.admit)


@router.post(
    "/chat/completions",
    summary="Answer from documents",
    auth=[admitted, has_place, ApiKey(new_scope("chat"))],
    response=api.ChatCompletion,
    openapi_extra={
        "responses": {
            200: {"content": {"text/event-stream": {"schema": {"type": "string"}}}},
            **responses(400, 401, 403, 404, 413, 422, 429, 503),
        }
    },
)
async def create_chat_completion(
    request: Request, body: api.ChatRequest
) -> api.ChatCompletion | EventStream:
    """OpenAI's API: the answer is drawn from documents, and says from which."""
    place = answering.answers.take()
    streams = False
    try:
        with while_connected():
            answer = await api.begin(desk(request), body)
            if not body.stream:
                return await answer.whole()
        streams = True
        return EventStream(request, events(answer, place), farewell=api.SHUTDOWN)
    finally:
        if not streams:
            answering.answers.give_back(place)


async def events(answer: api.Answer, place: Place) -> AsyncGenerator[bytes]:
    try:
        async with aclosing(answer.stream()) as stream:
            async for event in stream:
                yield event
    finally:
        answering.answers.give_back(place)


def desk(request: Request) -> api.Desk:
    key_id = request.auth.key_id
    chunks, sink = DjangoChunkStore(), AsyncUsageSink()
    return api.Desk(process.engine, answering.generator, chunks, conversations, sink, key_id)


@router.get(
    "/conversations",
    summary="List your kept conversations",
    response=api.ConversationList,
    openapi_extra={"responses": responses(401, 403, 422, 429, 503)},
)
async def list_conversations(
    request: Request,
    before: Annotated[
        Storable | None, Query(None, max_length=40, description="An id; older ones.")
    ],
    limit: Annotated[int, Query(20, ge=1, le=api.PAGE)],
) -> api.ConversationList:
    """Those of the caller, newest first."""
    found = await conversations.all(request.auth.key_id, before=before, limit=limit + 1)
    return api.ConversationList.of(found, limit)


@router.get(
    "/conversations/{id}",
    summary="Read a conversation",
    response=api.ConversationEntries,
    openapi_extra={"responses": responses(401, 403, 404, 422, 429, 503)},
)
async def get_conversation(
    request: Request,
    id: Storable,  # noqa: A002 - the name in the path
) -> api.ConversationEntries:
    """What was said in it last, with what each answer cites."""
    found = await conversations.get(request.auth.key_id, id, last=api.ENTRIES)
    if found is None:
        raise api.UnknownConversation(id)
    return api.ConversationEntries.of(*found)


@router.delete(
    "/conversations/{id}",
    summary="Forget a conversation",
    response={204: None},
    openapi_extra={"responses": responses(401, 403, 404, 422, 429, 503)},
)
async def delete_conversation(
    request: Request,
    id: Storable,  # noqa: A002 - the name in the path
) -> Status[None]:
    """With all that was said in it."""
    if not await conversations.delete(request.auth.key_id, id):
        raise api.UnknownConversation(id)
    return Status(204, None)


@root.exception_handler(api.UnknownConversation)
def unknown_conversation(_: HttpRequest, error: api.UnknownConversation) -> HttpResponse:
    return problem(404, str(error))


root.add_router("/v1", router)
