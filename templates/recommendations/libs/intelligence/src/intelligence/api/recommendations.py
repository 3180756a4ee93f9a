"""Items, events and recommendations, whichever framework serves them: bodies, limits, answers.

An edge makes a `Recommendations` a request, of its stores, its sink and its way to wait, and maps
what goes wrong to problem details. `intelligence.testing.recommendations` holds it to that. All of
it belongs to the owner of the API key that asks, which is what the key is named: keys of one name
share it, so that a key can be replaced. No database session is held while the model runs.
"""
# ruff: noqa: N818 - errors are named for what happened, as in `intelligence.errors`

import re
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from time import perf_counter
from typing import Annotated, Literal

import numpy as np
from pydantic import (
    AfterValidator,
    AwareDatetime,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
)

from intelligence.api.asking import InvalidInput, Location, Storable, TokenUsage
from intelligence.api.keeping import ID, Stripped, put_down_as
from intelligence.engine import Engine
from intelligence.errors import (
    InputRefused,
    IntelligenceError,
)
from intelligence.ports import Matrix
from intelligence.recommending.ports import Event, EventStore, Item, ItemStore, Kept, Kind
from intelligence.recommending.ranking import (
    HISTORY,
    Profile,
    Recommended,
    blended,
    for_a_stranger,
)
from intelligence.usage import Usage, UsageSink
from intelligence.waiting import Wait

MAX_TITLE = 300  # characters
MAX_TEXT = 2000  # more than the model reads of English
MAX_ITEMS = 64
MAX_EVENTS = 100
MAX_RECOMMENDED = 50
MAX_BODY = 1024 * 1024  # bytes
DATED = re.compile(r"\d{4}-\d{2}-\d{2}[Tt ]")
SUBJECT = r"^[A-Za-z0-9][A-Za-z0-9._:|-]{0,99}$"

ITEMS_A_RUN = 16  # so that the questions of others come between
KEPT = timedelta(days=90)  # then an event is forgotten
AHEAD = timedelta(minutes=5)  # that the clock of a sender may be
FORGOTTEN = 500  # events at a time; more than a request may add, so that they do not pile up


class UnknownItem(IntelligenceError):
    """There is no item of that id."""


ItemId = Annotated[str, Field(pattern=ID, examples=["blue-kettle"])]
Subject = Annotated[str, Field(pattern=SUBJECT, examples=["customer-7"])]
Count = Annotated[int, Field(ge=1, le=MAX_RECOMMENDED)]


class PutItem(BaseModel):
    model_config = ConfigDict(extra="forbid")

    title: Stripped = Field(min_length=1, max_length=MAX_TITLE, examples=["Blue kettle"])
    text: Storable = Field(
        default="",
        max_length=MAX_TEXT,
        description="What it is like, in words. Title and text together say what is similar; what "
        "the model cannot read whole is refused.",
        examples=["Enamel, two litres, for gas and induction."],
    )


class BulkItem(PutItem):
    id: ItemId


def distinct[T: (BulkItem, EventBody)](several: list[T]) -> list[T]:
    if len({each.id for each in several}) < len(several):
        raise ValueError("the ids must differ from each other")
    return several


def dated(value: object) -> object:
    """A number would be taken for the seconds since 1970, and the contract promises a date."""
    if isinstance(value, str) and DATED.match(value):
        return value
    raise ValueError("not a time as in RFC 3339, such as 2026-03-01T12:00:00Z")


class PutItems(BaseModel):
    model_config = ConfigDict(extra="forbid")

    items: Annotated[list[BulkItem], AfterValidator(distinct)] = Field(
        min_length=1, max_length=MAX_ITEMS
    )


class StoredItem(BaseModel):
    id: str
    title: str
    text: str
    model: str = Field(description="What embedded it; only items of the present model are found.")
    added_at: datetime = Field(description="When it was put first.")
    changed_at: datetime = Field(description="When this version was put.")

    @classmethod
    def of(cls, kept: Kept) -> "StoredItem":
        item = kept.item
        return cls(
            id=item.id,
            title=item.title,
            text=item.text,
            model=kept.model,
            added_at=kept.added_at,
            changed_at=kept.changed_at,
        )


class PutItemResponse(StoredItem):
    usage: TokenUsage = Field(description="0 if nothing changed, so that the model was not asked.")


class PutItemsResponse(BaseModel):
    added: int
    changed: int
    unchanged: int = Field(description="These cost nothing.")
    usage: TokenUsage


class ItemPage(BaseModel):
    data: list[StoredItem] = Field(description="By id.")
    next: str | None = Field(description="`after` of the next page; null: this is the last.")


class EventBody(BaseModel):
    model_config = ConfigDict(extra="forbid")

    id: ItemId = Field(
        description="Yours. An event that is sent again under its id counts once.",
        examples=["0190b6c2-8c1e-7d2a-9f5e-3b1c5a7d9e01"],
    )
    subject: Subject = Field(
        description="Who did it: a name of yours that says nothing about the person."
    )
    item_id: ItemId
    kind: Kind
    at: Annotated[AwareDatetime, BeforeValidator(dated)] | None = Field(
        default=None, description="When, with a zone; else now."
    )


class PostEvents(BaseModel):
    model_config = ConfigDict(extra="forbid")

    events: Annotated[list[EventBody], AfterValidator(distinct)] = Field(
        min_length=1, max_length=MAX_EVENTS
    )


class RefusedEvent(BaseModel):
    id: str
    reason: Literal["unknown_item", "too_old", "in_the_future"] = Field(
        description="`unknown_item`: put the item, then send the event again. "
        f"`too_old`: from more than {KEPT.days} days ago."
    )


class PostEventsResponse(BaseModel):
    recorded: int
    known: int = Field(description="Sent before under the same id; they count once.")
    refused: list[RefusedEvent] = Field(description="In the order in which they were sent.")


class Why(BaseModel):
    kind: Literal["similar", "popular", "new"]
    item_id: str | None = Field(
        description="`similar`: to this item, which the subject had to do with."
    )


class RecommendedItem(BaseModel):
    item_id: str
    title: str
    reason: Why

    @classmethod
    def of(cls, recommended: Recommended) -> "RecommendedItem":
        why = Why(kind=recommended.reason, item_id=recommended.like)
        return cls(item_id=recommended.id, title=recommended.title, reason=why)


class RecommendationsResponse(BaseModel):
    data: list[RecommendedItem] = Field(description="Best first.")
    method: Literal["profile", "popular_and_new"] = Field(
        description="`profile`: by what the subject did lately, and by what is popular. "
        "`popular_and_new`: nothing is known of the subject."
    )
    model: str


class SimilarItem(BaseModel):
    item_id: str
    title: str
    score: float = Field(description="Cosine, -1 to 1.")


class SimilarItemsResponse(BaseModel):
    data: list[SimilarItem] = Field(description="Most similar first.")
    model: str


def utcnow() -> datetime:
    return datetime.now(UTC)


@dataclass(frozen=True, slots=True)
class Recommendations:
    """What a service does about recommendations, for one request.

    Attributes:
        owner: whose items and events these are.
        key_id: the API key that asks.
        started: on `time.perf_counter`'s clock.
    """

    items: ItemStore
    events: EventStore
    engine: Engine
    sink: UsageSink[Awaitable[None]]
    wait: Wait
    owner: str
    key_id: str
    now: Callable[[], datetime] = utcnow
    started: float = field(default_factory=perf_counter)

    async def put(self, item_id: str, body: PutItem) -> tuple[bool, PutItemResponse]:
        """Keeps an item in place of the one of that id; True if there was none.

        One that has not changed costs nothing. Raises NotReady, Overloaded, InferenceFailed,
        InvalidInput, and what `wait` does when the caller has left; then all is as it was, and what
        the model has read so far is put down to the key.
        """
        item = Item(item_id, body.title, body.text)
        before = await self.items.get(self.owner, [item_id])
        tokens = await self._keep([item], before, lambda _: ("text",))
        kept = (await self.items.get(self.owner, [item_id])).get(item_id)
        if kept is None:
            raise UnknownItem(f"{item_id} was deleted at the same time")
        usage = TokenUsage.of(tokens)
        return not before, PutItemResponse(**dict(StoredItem.of(kept)), usage=usage)

    async def put_several(self, body: PutItems) -> PutItemsResponse:
        """All of them or none. Raises as `put` does."""
        items = [Item(each.id, each.title, each.text) for each in body.items]
        before = await self.items.get(self.owner, [each.id for each in items])
        places = {each.id: place for place, each in enumerate(items)}
        tokens = await self._keep(items, before, lambda item: ("items", places[item.id], "text"))
        changed = sum(self._is_changed(each, before) for each in items if each.id in before)
        return PutItemsResponse(
            added=len(items) - len(before),
            changed=changed,
            unchanged=len(before) - changed,
            usage=TokenUsage.of(tokens),
        )

    async def get(self, item_id: str) -> StoredItem:
        """Raises UnknownItem."""
        kept = (await self.items.get(self.owner, [item_id])).get(item_id)
        if kept is None:
            raise UnknownItem(f"there is no item {item_id}")
        return StoredItem.of(kept)

    async def all(self, after: str, limit: int) -> ItemPage:
        found = await self.items.all(self.owner, after=after, limit=limit + 1)
        page = [StoredItem.of(each) for each in found[:limit]]
        return ItemPage(data=page, next=page[-1].id if len(found) > limit else None)

    async def delete(self, item_id: str) -> None:
        """With what was done with it. Raises UnknownItem."""
        if not await self.items.delete(self.owner, item_id):
            raise UnknownItem(f"there is no item {item_id}")

    async def record(self, body: PostEvents) -> PostEventsResponse:
        """An event counts once, however often and however late it comes."""
        now = self.now()
        refused: dict[str, Literal["unknown_item", "too_old", "in_the_future"]] = {}
        events = []
        for each in body.events:
            at = each.at or now
            if at < now - KEPT:
                refused[each.id] = "too_old"
            elif at > now + AHEAD:
                refused[each.id] = "in_the_future"
            else:
                events.append(Event(each.id, each.subject, each.item_id, each.kind, at))
        recorded = await self.events.record(self.owner, events)
        await self.events.forget(now - KEPT, FORGOTTEN)
        refused |= dict.fromkeys(recorded.unknown, "unknown_item")
        return PostEventsResponse(
            recorded=len(recorded.new),
            known=len(events) - len(recorded.new) - len(recorded.unknown),
            refused=[
                RefusedEvent(id=each.id, reason=refused[each.id])
                for each in body.events
                if each.id in refused
            ],
        )

    async def recommend(self, subject: str, limit: int) -> RecommendationsResponse:
        """What the subject may like, without what it had to do with. Raises NotReady."""
        model, now = self.engine.model, self.now()
        profile = Profile.of(await self.events.history(self.owner, subject, HISTORY), now)
        vectors = await self.items.vectors(self.owner, profile.weights, model)
        popular = await self.items.popular(self.owner, model, limit, profile.seen)
        if vectors:
            interests = np.stack([*vectors.values()])
            near = await self.items.nearest(self.owner, interests, model, limit, profile.seen)
            found = blended(profile, vectors, (*near, *popular), now, limit)
        else:
            newest = await self.items.newest(self.owner, model, limit, profile.seen)
            found = for_a_stranger(popular, newest, limit)
        await self._record("recommendations", model, 0, 200)
        return RecommendationsResponse(
            data=[RecommendedItem.of(each) for each in found],
            method="profile" if vectors else "popular_and_new",
            model=model,
        )

    async def similar(self, item_id: str, limit: int) -> SimilarItemsResponse:
        """Whoever looks at it, and whatever was done. Raises NotReady and UnknownItem."""
        model = self.engine.model
        await self.get(item_id)
        found = []
        # An item that another model embedded has no neighbours until it is embedded anew.
        for vector in (await self.items.vectors(self.owner, [item_id], model)).values():
            near = await self.items.nearest(self.owner, vector[None], model, limit, [item_id])
            found = [(float(each.vector @ vector), each) for each in near]
        found.sort(key=lambda pair: (-round(pair[0], 5), pair[1].id))
        await self._record("similar-items", model, 0, 200)
        return SimilarItemsResponse(
            data=[
                SimilarItem(item_id=each.id, title=each.title, score=score) for score, each in found
            ],
            model=model,
        )

    def _is_changed(self, item: Item, before: Mapping[str, Kept]) -> bool:
        kept = before.get(item.id)
        return kept is None or (kept.item, kept.model) != (item, self.engine.model)

    async def _keep(
        self, items: Sequence[Item], before: Mapping[str, Kept], place: Callable[[Item], Location]
    ) -> int:
        """Embeds and puts what has changed; returns the tokens that the model read."""
        changed = [each for each in items if self._is_changed(each, before)]
        if not changed:
            return 0
        model = self.engine.model
        read = _Reading()
        try:
            vectors = await read.all(changed, self.engine, self.wait)
        except Exception as error:
            status, tokens = put_down_as(error)
            await self._record("items", model, read.tokens + tokens, status)
            if isinstance(error, InputRefused):
                refused = changed[read.items + (error.index or 0)]
                raise InvalidInput.of(error, place(refused)) from error
            raise
        await self.items.put(self.owner, changed, vectors, model)
        await self._record("items", model, read.tokens, 201 if not before else 200)
        return read.tokens

    async def _record(self, operation: str, model: str, tokens: int, status: int) -> None:
        """A refusal that cost nothing leaves no trace."""
        if tokens or status == 200:
            milliseconds = (perf_counter() - self.started) * 1000
            usage = Usage(self.key_id, operation, model, tokens, 0, milliseconds, status)
            await self.sink.record(usage)


class _Reading:
    """Items on their way into a store.

    Attributes:
        items: how many of them the model has read.
        tokens: and how much that was.
    """

    def __init__(self) -> None:
        self.items = 0
        self.tokens = 0

    async def all(self, items: Sequence[Item], engine: Engine, wait: Wait) -> Matrix:
        """A vector an item. Raises what `Engine.embed`, its future and `wait` do."""
        vectors: list[Matrix] = []
        for start in range(0, len(items), ITEMS_A_RUN):
            texts = [each.read for each in items[start : start + ITEMS_A_RUN]]
            embeddings = await wait(engine.embed(texts))
            vectors.append(embeddings.vectors)
            self.items += len(texts)
            self.tokens += embeddings.tokens
        return np.concatenate(vectors)


@dataclass(frozen=True, slots=True)
class Reindexed:
    """How many items were embedded anew, and the ids of those that the model cannot read."""

    done: int
    refused: Sequence[str]


async def reindex(items: ItemStore, engine: Engine, wait: Wait) -> Reindexed:
    """Embeds anew what another model embedded, whosever it is. Raises what the engine does."""
    row, done = 0, 0
    refused: list[str] = []
    while outdated := await items.outdated(engine.model, row):
        row = outdated.row
        try:
            embeddings = await wait(engine.embed([outdated.item.read]))
        except InputRefused:
            refused.append(outdated.item.id)
        else:
            done += await items.refresh(outdated, embeddings.vectors[0], engine.model)
    return Reindexed(done, refused)
