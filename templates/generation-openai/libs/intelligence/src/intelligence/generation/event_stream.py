"""Server-sent events, taken from the bytes of a body as they come
(https://html.spec.whatwg.org/multipage/server-sent-events.html).

Lines end in LF or CRLF. Of a field only `data` is kept; an event without it is none.
"""

from collections.abc import Iterator

MOST_HELD = 1_000_000
"""Bytes of one event. A model's piece has a hundred; what is longer is no answer."""


class TooLong(ValueError):  # noqa: N818 - what happened
    """An event does not end."""


class EventStream:
    """The events of one body."""

    def __init__(self) -> None:
        self._line = bytearray()  # bytes, for a character may be cut where a chunk ends
        self._data: list[str] = []
        self._held = 0  # bytes of the lines in `_data`

    def feed(self, chunk: bytes) -> Iterator[str]:
        """The data of each event that ends in this chunk. Raises TooLong."""
        first, *more = chunk.split(b"\n")
        self._add(first)
        for part in more:
            yield from self._end_of_line()
            self._add(part)

    def close(self) -> Iterator[str]:
        """What the last event holds where the body ends before it does."""
        yield from self._end_of_line()
        if self._data:
            yield from self._end_of_line()

    def _add(self, part: bytes) -> None:
        self._line += part
        if self._held + len(self._line) > MOST_HELD:
            raise TooLong(f"an event of more than {MOST_HELD} bytes")

    def _end_of_line(self) -> Iterator[str]:
        line = bytes(self._line).removesuffix(b"\r")
        self._line.clear()
        name, _, value = line.decode("utf-8", "replace").partition(":")
        if name == "data":
            self._data.append(value.removeprefix(" "))
            self._held += len(line)
        elif not line and self._data:
            yield "\n".join(self._data)
            self._data.clear()
            self._held = 0
