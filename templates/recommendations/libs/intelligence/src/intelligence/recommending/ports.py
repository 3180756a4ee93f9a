"""What recommending hands to a service to keep, and gets back.

All of it is an owner's, and no method but those that embed anew sees what is another's.
`intelligence.testing.item_store` says what every store keeps.
"""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Literal, Protocol

from intelligence.ports import Matrix, Vector

type Kind = Literal["view", "like", "purchase"]


@dataclass(frozen=True, slots=True)
class Item:
    """Something that can be recommended.

    Attributes:
        id: whoever puts it chooses it.
        text: what it is like, in words; may be empty.
    """

    id: str
    title: str
    text: str

    @property
    def read(self) -> str:
        """What the model reads of it."""
        return f"{self.title}\n\n{self.text}" if self.text else self.title


@dataclass(frozen=True, slots=True)
class Kept:
    """An item that is kept.

    Attributes:
        model: what made its vector.
        added_at: when it was put first, in UTC.
        changed_at: when this version was put.
    """

    item: Item
    model: str
    added_at: datetime
    changed_at: datetime


@dataclass(frozen=True, slots=True, eq=False)
class Candidate:
    """An item that may be recommended.

    Attributes:
        vector: shape (dimensions,), of length 1.
        heat: see `intelligence.recommending.popularity`; None: nobody did anything with it.
    """

    id: str
    title: str
    vector: Vector
    heat: float | None


@dataclass(frozen=True, slots=True)
class Event:
    """What a subject did with an item.

    Attributes:
        id: whoever sends it chooses it, and sends the same event under the same.
        subject: who did it, as the sender calls them.
        at: when, with a zone.
    """

    id: str
    subject: str
    item_id: str
    kind: Kind
    at: datetime


@dataclass(frozen=True, slots=True)
class Recorded:
    """What became of some events: the ids of those that were new, and of those whose item is
    unknown. The others were known."""

    new: frozenset[str]
    unknown: frozenset[str]


@dataclass(frozen=True, slots=True)
class Past:
    """An event of a subject, as it is looked back on."""

    item_id: str
    kind: Kind
    at: datetime


@dataclass(frozen=True, slots=True)
class Outdated:
    """An item whose vector another model made.

    Attributes:
        row: its place among all items, above 0.
    """

    row: int
    item: Item


class ItemStore(Protocol):
    async def get(self, owner: str, ids: Collection[str]) -> Mapping[str, Kept]:
        """Those that there are, by id."""
        ...

    async def put(self, owner: str, items: Sequence[Item], vectors: Matrix, model: str) -> None:
        """Keeps all of them or none, each in place of the one that had its id.

        Args:
            items: with different ids.
            vectors: one an item, shape (items, dimensions), of length 1.
            model: what made them. Vectors of different models cannot be compared.
        """
        ...

    async def all(self, owner: str, *, after: str, limit: int) -> Sequence[Kept]:
        """At most `limit` items whose id is greater than `after`, by id."""
        ...

    async def delete(self, owner: str, item_id: str) -> bool:
        """With what was done with it. False if there is none."""
        ...

    async def vectors(self, owner: str, ids: Collection[str], model: str) -> Mapping[str, Vector]:
        """Those that the model made, by id."""
        ...

    async def nearest(
        self, owner: str, vectors: Matrix, model: str, limit: int, without: Collection[str]
    ) -> Sequence[Candidate]:
        """Of each vector the `limit` nearest items of this model, in any order, each once.

        What it looks at is bounded: by an index, or by `intelligence.recommending.scan.SCANNED`.

        Args:
            without: ids of items to leave out.
        """
        ...

    async def popular(
        self, owner: str, model: str, limit: int, without: Collection[str]
    ) -> Sequence[Candidate]:
        """The hottest items, hottest first; equal ones by id."""
        ...

    async def newest(
        self, owner: str, model: str, limit: int, without: Collection[str]
    ) -> Sequence[Candidate]:
        """The items that were added last, newest first."""
        ...

    async def outdated(self, model: str, after: int) -> Outdated | None:
        """The next item of any owner behind row `after` whose vector another model made."""
        ...

    async def refresh(self, outdated: Outdated, vector: Vector, model: str) -> bool:
        """Gives an item that is still this version its new vector, else False. When it was put
        stays."""
        ...


class EventStore(Protocol):
    async def record(self, owner: str, events: Sequence[Event]) -> Recorded:
        """Keeps all events that are new, whose item there is, and heats the items with them.

        Whatever else is recorded at the same time, each event counts once.

        Args:
            events: with different ids.
        """
        ...

    async def history(self, owner: str, subject: str, limit: int) -> Sequence[Past]:
        """The last events of a subject, latest first."""
        ...

    async def forget(self, before: datetime, limit: int) -> None:
        """Deletes events of any owner that are older, oldest first, at most `limit`."""
        ...
