"""The open streams of one process, each with a bounded place for what its client has not read.

A window is told as a whole each time it changes, so a newer state takes the place of one that still
waits, and nothing is lost by it. Where more windows wait than a client has places, the oldest goes,
and the client is told how many went.
"""

import asyncio
from collections.abc import AsyncGenerator, Callable, Coroutine, Sequence
from dataclasses import dataclass
from typing import Any
from weakref import WeakSet

from intelligence.errors import Overloaded
from intelligence.live.events import HEARTBEAT, READY, REFUSED, Event, Update, gap

PLACES = 256  # windows that may wait for one client
BEAT = 15.0  # seconds of silence
LOOK_AGAIN = 60.0  # seconds until a key is looked up again

type Allowed = Callable[[], Coroutine[Any, Any, bool]]


@dataclass(frozen=True, slots=True)
class Wanted:
    """What a stream is about; None: all of the key's.

    Attributes:
        dimensions: as `canonical` writes them.
    """

    key_id: str
    metric: str | None = None
    window: str | None = None
    dimensions: str | None = None

    def fits(self, update: Update) -> bool:
        return (
            self.key_id == update.key_id
            and self.metric in (None, update.metric)
            and self.window in (None, update.window)
            and self.dimensions in (None, update.dimensions)
        )


class Subscription:
    """What waits for one client."""

    def __init__(self, wanted: Wanted, places: int = PLACES) -> None:
        self.wanted = wanted
        self.places = places
        self.dropped = 0  # of which the client does not know yet
        self._unknown = False
        self._waiting: dict[object, tuple[int, Event]] = {}  # the longest waiting comes first
        self._something = asyncio.Event()

    def put(self, update: Update, event: Event) -> int:
        """How many states were dropped for it."""
        known = self._waiting.get(update.place)
        if known is not None and known[0] > update.progress:
            return 0  # of two processes the one that was first is heard last
        self._waiting[update.place] = update.progress, event
        self._something.set()
        if len(self._waiting) <= self.places:
            return 0
        del self._waiting[next(iter(self._waiting))]
        self.dropped += 1
        return 1

    def interrupted(self) -> None:
        self._unknown = True
        self._something.set()

    def take(self) -> Sequence[Event]:
        """All that waits."""
        events = [event for _, event in self._waiting.values()]
        if self._unknown or self.dropped:
            events.insert(0, gap(None if self._unknown else self.dropped))
        self._waiting.clear()
        self._something.clear()
        self._unknown, self.dropped = False, 0
        return events

    async def wait(self, seconds: float) -> bool:
        """False if nothing came until then."""
        try:
            async with asyncio.timeout(seconds):
                return await self._something.wait()
        except TimeoutError:
            return False


class Hub:
    """A stream is gone when whoever reads it lets it go: a client may leave between the beginning
    of an answer and its first event, and then nothing of the stream runs.

    Attributes:
        dropped: states that were not told to a client, since the process began.
    """

    def __init__(self, most: int) -> None:
        self._most = most
        self._open = WeakSet[Subscription]()
        self.dropped = 0

    def __len__(self) -> int:
        return len(self._open)

    def admit(self) -> None:
        """Raises Overloaded."""
        if len(self) >= self._most:
            raise Overloaded(f"{len(self)} streams are open")

    def subscribe(self, wanted: Wanted) -> Subscription:
        """Raises Overloaded."""
        self.admit()
        subscription = Subscription(wanted)
        self._open.add(subscription)
        return subscription

    def leave(self, subscription: Subscription) -> None:
        self._open.discard(subscription)

    def tell(self, update: Update) -> None:
        event = Event("window", update.data)
        for each in [each for each in self._open if each.wanted.fits(update)]:
            self.dropped += each.put(update, event)

    def interrupted(self) -> None:
        """Nobody knows what was not told."""
        for each in list(self._open):
            each.interrupted()

    async def events(
        self,
        subscription: Subscription,
        allowed: Allowed,
        *,
        beat: float = BEAT,
        look_again: float = LOOK_AGAIN,
    ) -> AsyncGenerator[Sequence[Event]]:
        """What there is to send, until nobody reads it any more; nothing is a sign of life.

        Args:
            allowed: whether whoever reads it still may, asked now and then.
        """
        clock = asyncio.get_running_loop().time
        looked = clock()
        try:
            yield [READY]
            while True:
                came = await subscription.wait(beat)
                if clock() - looked >= look_again:
                    looked = clock()
                    if not await allowed():
                        yield [REFUSED]
                        return
                yield subscription.take() if came else []
        finally:
            self.leave(subscription)


async def encoded(events: AsyncGenerator[Sequence[Event]]) -> AsyncGenerator[bytes]:
    """As server-sent events."""
    try:
        async for some in events:
            yield b"".join([each.sse for each in some]) or HEARTBEAT
    finally:
        await events.aclose()
