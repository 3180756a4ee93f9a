"""The chat API over HTTP: who may ask, how many answers are written at a time, what is kept.

What the bodies hold and how an answer comes about is `intelligence.api.chat`. No database session
is held while an answer is written.
"""

import os
from collections.abc import AsyncGenerator, Callable, Coroutine
from contextlib import asynccontextmanager
from typing import Annotated, Any, Self

from fastapi import APIRouter, Depends, FastAPI, Query, Request, Response
from pydantic import PositiveInt, PrivateAttr, model_validator
from pydantic_settings import BaseSettings, SettingsConfigDict

from app.chunks import SqlChunkStore
from app.conversations import ConversationsDep
from app.database import DatabaseDep
from app.engine import EngineDep
from app.keys import Caller, require
from app.library import library_of
from app.problems import problem
from app.settings import Settings
from app.stores import UsageSinkDep
from app.streams import EventStream, while_connected
from app.waiting import AdmittedRoute
from intelligence.api import chat as api
from intelligence.api.asking import Storable
from intelligence.api.problems import responses
from intelligence.engine import Engine
from intelligence.errors import Overloaded
from intelligence.generation import backend
from intelligence.generation.ports import Generator

CallerDep = Annotated[Caller, Depends(require("chat"))]


class ChatSettings(BaseSettings):
    """Attributes:
    chat_answers: how many may be written at a time; further questions are refused with 503.
    """

    model_config = SettingsConfigDict(env_ignore_empty=True, frozen=True)

    chat_answers: PositiveInt = 256

    _make: Callable[[Engine], Generator] = PrivateAttr()

    @model_validator(mode="after")
    def model_is_configured(self) -> Self:
        self._make = backend.configured(os.environ)  # SettingError is a ValueError
        return self

    def generator(self, engine: Engine) -> Generator:
        return self._make(engine)


class Answers:
    """The answers that are being written, of which there is a greatest number."""

    def __init__(self, most: int) -> None:
        self._most = most
        self.open = 0

    def admit(self) -> None:
        """Raises Overloaded."""
        if self.open >= self._most:
            raise Overloaded(f"{self.open} answers are being written")


class AdmittedAnswer(AdmittedRoute):
    """Refuses what finds too many answers being written, too, before its body is read."""

    def get_route_handler(self) -> Callable[[Request], Coroutine[Any, Any, Response]]:
        handle = super().get_route_handler()

        async def admitted(request: Request) -> Response:
            request.app.state.answers.admit()
            return await handle(request)

        return admitted


async def place(request: Request) -> AsyncGenerator[None]:
    """Held until the answer is out."""
    answers: Answers = request.app.state.answers
    answers.admit()
    answers.open += 1
    try:
        yield
    finally:
        answers.open -= 1


async def desk(
    request: Request,
    caller: CallerDep,
    engine: EngineDep,
    database: DatabaseDep,
    conversations: ConversationsDep,
    sink: UsageSinkDep,
) -> api.Desk:
    generator: Generator = request.app.state.generator
    chunks = SqlChunkStore(database, library_of(caller))
    return api.Desk(engine, generator, chunks, conversations, sink, caller.key_id)


DeskDep = Annotated[api.Desk, Depends(desk)]

router = APIRouter(prefix="/v1", tags=["chat"], responses=responses(401, 403, 422, 429, 503))
admitted = APIRouter(route_class=AdmittedAnswer, responses=responses(400, 413))


@admitted.post(
    "/chat/completions",
    summary="Answer from documents",
    response_model=api.ChatCompletion,
    responses={
        200: {"content": {"text/event-stream": {"schema": {"type": "string"}}}},
        **responses(404),
    },
    dependencies=[Depends(place)],
)
async def create_chat_completion(
    body: api.ChatRequest, request: Request, desk: DeskDep
) -> api.ChatCompletion | EventStream:
    """OpenAI's API: the answer is drawn from documents, and says from which."""
    if body.stream:
        answer = await while_connected(request, api.begin(desk, body))
        stop = request.app.state.stopping
        return EventStream(answer.stream(), stop=stop, farewell=api.SHUTDOWN)

    async def whole() -> api.ChatCompletion:
        return await (await api.begin(desk, body)).whole()

    return await while_connected(request, whole())


@router.get("/conversations", summary="List your kept conversations")
async def list_conversations(
    caller: CallerDep,
    conversations: ConversationsDep,
    before: Annotated[
        Storable | None, Query(max_length=40, description="An id; older ones.")
    ] = None,
    limit: Annotated[int, Query(ge=1, le=api.PAGE)] = 20,
) -> api.ConversationList:
    """Those of the caller, newest first."""
    found = await conversations.all(caller.key_id, before=before, limit=limit + 1)
    return api.ConversationList.of(found, limit)


@router.get("/conversations/{id}", summary="Read a conversation", responses=responses(404))
async def get_conversation(
    id: Storable,  # noqa: A002 - the name in the path
    caller: CallerDep,
    conversations: ConversationsDep,
) -> api.ConversationEntries:
    """What was said in it last, with what each answer cites."""
    found = await conversations.get(caller.key_id, id, last=api.ENTRIES)
    if found is None:
        raise api.UnknownConversation(id)
    return api.ConversationEntries.of(*found)


@router.delete(
    "/conversations/{id}",
    summary="Forget a conversation",
    status_code=204,
    responses=responses(404),
)
async def delete_conversation(
    id: Storable,  # noqa: A002 - the name in the path
    caller: CallerDep,
    conversations: ConversationsDep,
) -> None:
    """With all that was said in it."""
    if not await conversations.delete(caller.key_id, id):
        raise api.UnknownConversation(id)


router.include_router(admitted)


@asynccontextmanager
async def resources(app: FastAPI) -> AsyncGenerator[None]:
    generator: Generator = app.state.generator
    try:
        yield
    finally:
        await generator.close()


def install(app: FastAPI, _: Settings) -> None:
    settings = ChatSettings()
    app.state.generator = settings.generator(app.state.engine)
    app.state.answers = Answers(settings.chat_answers)
    app.state.models.append(lambda: app.state.generator.model)
    app.state.resources.append(resources)
    app.include_router(router)

    @app.exception_handler(api.UnknownConversation)
    async def unknown_conversation(_: Request, error: api.UnknownConversation) -> Response:
        return problem(404, str(error))
