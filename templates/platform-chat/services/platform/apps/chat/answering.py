"""The process's one model that answers, and the answers that it is writing."""

from weakref import WeakSet

from django.conf import settings

from apps.api import engine as process
from intelligence.errors import Overloaded
from intelligence.generation.ports import Generator

generator: Generator = settings.MAKE_GENERATOR(process.engine)


async def close(**_signal: object) -> None:
    await generator.close()


class Place:
    """Of one answer."""


class Answers:
    """The answers that are being written, of which there is a greatest number.

    A place is given back, or falls back with whoever held it: a client may leave between the
    beginning of a stream and its first event, and then nothing of the stream runs.
    """

    def __init__(self, most: int) -> None:
        self._most = most
        self._open = WeakSet[Place]()

    def __len__(self) -> int:
        return len(self._open)

    def admit(self) -> None:
        """Raises Overloaded."""
        if len(self) >= self._most:
            raise Overloaded(f"{len(self)} answers are being written")

    def take(self) -> Place:
        """Raises Overloaded."""
        self.admit()
        place = Place()
        self._open.add(place)
        return place

    def give_back(self, place: Place) -> None:
        self._open.discard(place)


answers = Answers(settings.CHAT_ANSWERS)
