"""Documents and search, whichever framework serves them: bodies, limits, answers, cost.

An edge makes a `Documents` a request, of its store, its sink and its way to wait, and maps what
goes wrong to problem details. `intelligence.testing.documents` holds it to that. No database
session is held while the model runs: the store opens one when it is asked and ends it with its
answer.
"""
# ruff: noqa: N818 - errors are named for what happened, as in `intelligence.errors`

import hashlib
import json
import re
from collections.abc import Awaitable
from dataclasses import dataclass, field
from datetime import datetime
from time import perf_counter
from typing import Annotated

from pydantic import AfterValidator, BaseModel, ConfigDict, Field

from intelligence.api.asking import InvalidInput, Storable, Text, TokenUsage
from intelligence.api.keeping import ID, Stripped, put_down_as
from intelligence.engine import Engine
from intelligence.errors import (
    InferenceFailed,
    InputRefused,
    InputTooLarge,
    IntelligenceError,
)
from intelligence.retrieval.chunking import cut
from intelligence.retrieval.indexing import Indexing
from intelligence.retrieval.ports import ChunkStore, Document, Passage, Stored
from intelligence.usage import Usage, UsageSink
from intelligence.waiting import Wait

MAX_TITLE = 300  # characters
MAX_URL = 2000
MAX_TEXT = 200_000  # some hundred pages of a book; a longer text is better found in parts
MAX_BODY = 1024 * 1024  # bytes
MAX_PASSAGES = 20
HTTP_URL = re.compile(r"https?://[^\s/?#]+([/?#]\S*)?", re.IGNORECASE)


class UnknownDocument(IntelligenceError):
    """There is no document of that id."""


def http_url(url: str) -> str:
    if not HTTP_URL.fullmatch(url):
        raise ValueError("not a URL that begins with http:// or https://")
    return url


DocumentId = Annotated[str, Field(pattern=ID, examples=["returns"])]


class PutDocument(BaseModel):
    model_config = ConfigDict(extra="forbid")

    title: Stripped = Field(
        min_length=1,
        max_length=MAX_TITLE,
        description="Read by the model with each passage, and shown with it.",
        examples=["Returning an order"],
    )
    text: Stripped = Field(
        min_length=1,
        max_length=MAX_TEXT,
        description="Plain or Markdown; an empty line ends a paragraph.",
        examples=["Whoever ordered from our web shop may change their mind for thirty days."],
    )
    url: Annotated[Storable, AfterValidator(http_url)] | None = Field(
        default=None,
        max_length=MAX_URL,
        description="Where people read it.",
        examples=["https://example.com/returns"],
    )

    def digest(self) -> str:
        """As `Document.digest`; a separator that JSON escapes keeps the parts apart."""
        parts = json.dumps([self.title, self.url, self.text])
        return hashlib.sha256(parts.encode()).hexdigest()


class StoredDocument(BaseModel):
    id: str
    title: str
    url: str | None
    chunks: int = Field(description="Into how many passages its text was cut.")
    model: str = Field(description="What embedded them; search finds those of the present model.")
    changed_at: datetime = Field(description="When this version was put.")

    @classmethod
    def of(cls, stored: Stored) -> "StoredDocument":
        document = stored.document
        return cls(
            id=document.id,
            title=document.title,
            url=document.url,
            chunks=stored.chunks,
            model=stored.model,
            changed_at=stored.changed_at,
        )


class PutResponse(StoredDocument):
    usage: TokenUsage = Field(description="0 if nothing changed, so that the model was not asked.")


class DocumentPage(BaseModel):
    data: list[StoredDocument] = Field(description="By id.")
    next: str | None = Field(description="`after` of the next page; null: this is the last.")


class SearchRequest(BaseModel):
    model_config = ConfigDict(extra="forbid")

    query: Text = Field(examples=["Can I send it back?"])
    top_k: int = Field(
        default=5, ge=1, le=MAX_PASSAGES, description="How many passages to return at most."
    )


class FoundPassage(BaseModel):
    document_id: str
    title: str
    url: str | None
    position: int = Field(description="Of the passage in its document, from 0.")
    text: str
    score: float = Field(
        description="Cosine with the query, -1 to 1. The order also counts words, so a passage "
        "with a lower one may come first."
    )


class SearchResponse(BaseModel):
    data: list[FoundPassage] = Field(description="Best first.")
    model: str
    usage: TokenUsage


@dataclass(frozen=True, slots=True)
class Documents:
    """What a service does with documents, for one request.

    Attributes:
        key_id: the API key that asks; None for a call of the system's own.
        started: on `time.perf_counter`'s clock.
    """

    store: ChunkStore
    engine: Engine
    sink: UsageSink[Awaitable[None]]
    wait: Wait
    key_id: str | None
    started: float = field(default_factory=perf_counter)

    async def put(self, document_id: str, body: PutDocument) -> tuple[bool, PutResponse]:
        """Keeps a document in place of the one of that id; True if there was none.

        One that has not changed costs nothing. Raises NotReady, Overloaded, InferenceFailed,
        InvalidInput, and what `wait` does when the caller has left; then all is as it was, and what
        the model has read so far is put down to the key.
        """
        before = await self.store.get(document_id)
        document = Document(document_id, body.title, body.url, body.digest())
        model = self.engine.model
        indexing = Indexing(body.title, cut(body.text))
        if before is None or (before.document.digest, before.model) != (document.digest, model):
            await self._index(document, indexing, model, 200 if before else 201)
        stored = await self.store.get(document_id)
        if stored is None:
            raise UnknownDocument(f"{document_id} was deleted at the same time")
        usage = TokenUsage.of(indexing.tokens)
        return before is None, PutResponse(**dict(StoredDocument.of(stored)), usage=usage)

    async def get(self, document_id: str) -> StoredDocument:
        """Raises UnknownDocument."""
        stored = await self.store.get(document_id)
        if stored is None:
            raise UnknownDocument(f"there is no document {document_id}")
        return StoredDocument.of(stored)

    async def all(self, after: str, limit: int) -> DocumentPage:
        found = [
            StoredDocument.of(each) for each in await self.store.all(after=after, limit=limit + 1)
        ]
        page = found[:limit]
        return DocumentPage(data=page, next=page[-1].id if len(found) > limit else None)

    async def delete(self, document_id: str) -> None:
        """Raises UnknownDocument."""
        if not await self.store.delete(document_id):
            raise UnknownDocument(f"there is no document {document_id}")

    async def search(self, body: SearchRequest) -> SearchResponse:
        """Raises as `put` does."""
        model = self.engine.model
        try:
            found = await self.wait(self.engine.embed([body.query]))
        except InputRefused as error:
            raise InvalidInput.of(error, ("query",)) from error
        except InferenceFailed as error:
            await self._record("search", model, error.tokens, 500)
            raise
        passages = await self.store.search(body.query, found.vectors[0], found.model, body.top_k)
        await self._record("search", model, found.tokens, 200)
        return SearchResponse(
            data=[_found(each) for each in passages],
            model=found.model,
            usage=TokenUsage.of(found.tokens),
        )

    async def reindex(self) -> int:
        """Embeds anew what another model embedded; returns how many documents that were."""
        done = 0
        while outdated := await self.store.outdated(self.engine.model):
            document, chunks = outdated
            indexing = Indexing(document.title, chunks)
            vectors = await indexing.run(self.engine, self.wait)
            await self.store.refresh(document, indexing.chunks, vectors, self.engine.model)
            done += 1
        return done

    async def _index(self, document: Document, indexing: Indexing, model: str, status: int) -> None:
        try:
            vectors = await indexing.run(self.engine, self.wait)
        except Exception as error:
            failure, tokens = put_down_as(error)
            await self._record("documents", model, indexing.tokens + tokens, failure)
            if isinstance(error, InputRefused):
                place = "title" if isinstance(error, InputTooLarge) else "text"
                raise InvalidInput.of(error, (place,)) from error
            raise
        await self.store.put(document, indexing.chunks, vectors, model)
        await self._record("documents", model, indexing.tokens, status)

    async def _record(self, operation: str, model: str, tokens: int, status: int) -> None:
        """What cost nothing leaves no trace."""
        if tokens:
            milliseconds = (perf_counter() - self.started) * 1000
            usage = Usage(self.key_id, operation, model, tokens, 0, milliseconds, status)
            await self.sink.record(usage)


def _found(passage: Passage) -> FoundPassage:
    return FoundPassage(
        document_id=passage.document_id,
        title=passage.title,
        url=passage.url,
        position=passage.position,
        text=passage.text,
        score=passage.cosine,
    )
