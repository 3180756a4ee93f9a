"""Cutting a text into chunks: what is embedded, found and cited is one of them.

Paragraphs stay whole where they fit, and short ones share a chunk. A longer one is cut between
sentences, a longer sentence between lines, then words, a longer word anywhere.
"""

import re
from collections.abc import Iterator, Sequence

TARGET = 600
"""Characters: a paragraph or two. One vector stands for all of a chunk, so the more it holds, the
less it says of each thing in it; the shipped model would read about twice as much."""

# Each matches a piece with the boundary behind it, so that the pieces of a text are all of it.
UNITS = (
    re.compile(r"(?:#[^\n]*\s+)*.+?(?:\n\s*\n|\Z)", re.DOTALL),  # a heading goes with what follows
    re.compile(r".+?(?:[.!?][\"')\]]*\s+|\Z)", re.DOTALL),
    re.compile(r".+?(?:\n|\Z)", re.DOTALL),
    re.compile(r".+?(?:\s+|\Z)", re.DOTALL),
)


def cut(text: str, target: int = TARGET) -> list[str]:
    """Slices of the text, in order, of at most `target` characters each.

    White space around a slice is all that is left out; a text of nothing else gives none.
    """
    slices: list[str] = []
    pending = ""
    for piece in _pieces(text, UNITS, target):
        if len((pending + piece).strip()) > target:
            slices.append(pending)
            pending = ""
        pending += piece
    return [stripped for each in (*slices, pending) if (stripped := each.strip())]


def _pieces(text: str, units: Sequence[re.Pattern[str]], target: int) -> Iterator[str]:
    """The text in pieces that fit, as coarse as may be."""
    if not units:
        yield from (text[start : start + target] for start in range(0, len(text), target))
        return
    for match in units[0].finditer(text):
        piece = match.group()
        if len(piece.strip()) <= target:
            yield piece
        else:
            yield from _pieces(piece, units[1:], target)
