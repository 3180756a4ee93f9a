"""Prompts: the words that a model is given before a conversation, as files with a version.

`answer-1.md` is the prompt `answer-1`. Its one placeholder is `$passages`; a dollar sign is `$$`.
What was released never changes: other words are a new file, and a line in released.toml.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass, field
from importlib import resources
from string import Template
from typing import Self

from intelligence.retrieval.ports import Passage

PLACEHOLDERS = ["passages"]
FENCE = re.compile(r"<(?=\s*/?\s*passage)", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Prompt:
    """A prompt of this package, or of `text`.

    Attributes:
        name: with the version, such as answer-1.
    """

    name: str
    text: str = field(repr=False)

    def __post_init__(self) -> None:
        """Raises ValueError unless the placeholders are those that are filled in."""
        template = Template(self.text)
        if not template.is_valid() or template.get_identifiers() != PLACEHOLDERS:
            raise ValueError(f"the prompt {self.name} must hold $passages and no other placeholder")

    @classmethod
    def named(cls, name: str) -> Self:
        return cls(name, resources.files(__package__).joinpath(f"{name}.md").read_text("utf-8"))

    def about(self, passages: Sequence[Passage]) -> str:
        """What a model is told of these passages, which are [1], [2], …"""
        quoted = (f"[{number}]\n{_quoted(each)}" for number, each in enumerate(passages, 1))
        return Template(self.text).substitute(passages="\n\n".join(quoted)).strip()


def _quoted(passage: Passage) -> str:
    """Between fences that nothing inside can close or imitate: passages are text of others."""
    title = " ".join(passage.title.split())
    inside = FENCE.sub("&lt;", f"{title}\n\n{passage.text}")
    return f"<passage>\n{inside}\n</passage>"
