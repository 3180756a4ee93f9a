"""What every operation that asks the model says alike: what it cost, what it cannot read, when to
come back."""
# ruff: noqa: N818 - errors are named for what happened, as in `intelligence.errors`

from typing import Annotated

from pydantic import AfterValidator, BaseModel, Field

from intelligence.errors import InputRefused, InputTooLarge, IntelligenceError

MAX_CHARACTERS = 4000  # more than the model reads; spares the tokenizer what will be refused
RETRY_AFTER = 1  # seconds, after NotReady and Overloaded
CLIENT_LEFT = 499  # nginx's code for a caller who did not wait for the answer

REFUSALS_A_SECOND = 200  # of one process; an eighth of what a core answers
HELD_BACK = 5.0  # seconds at most


def storable(text: str) -> str:
    if "\0" in text:
        raise ValueError("the character NUL cannot be stored")
    return text


Storable = Annotated[str, AfterValidator(storable)]  # or compared with what is stored

type Location = tuple[str | int, ...]

Text = Annotated[str, Field(min_length=1, max_length=MAX_CHARACTERS)]


class CallerLeft(Exception):
    """Nobody waits for the answer any more."""


class Refusals:
    """Paces what is refused, where many wait in one event loop: callers that ask again at once get
    a bounded share of it, what was admitted the rest.

    Args:
        a_second: how many are let out, about.
        longest: seconds that one is held back at most.
    """

    def __init__(self, a_second: float = REFUSALS_A_SECOND, longest: float = HELD_BACK) -> None:
        self._apart = 1 / a_second
        self._longest = longest
        self._next = 0.0

    def hold(self, now: float) -> float:
        """For how many seconds to hold the next one back, from `now` on a monotonic clock."""
        self._next = min(max(self._next, now) + self._apart, now + self._longest)
        return self._next - now


class UnknownModel(IntelligenceError):
    """The request names a model that does not run here."""


class InvalidInput(IntelligenceError):
    """Like a violation of the schema, for what only the model can tell.

    Attributes:
        location: keys and positions that lead to it in the body.
    """

    def __init__(self, location: Location, message: str) -> None:
        super().__init__(message)
        self.location = location

    @classmethod
    def of(cls, error: InputRefused, location: Location) -> "InvalidInput":
        """What the model refused, by its place in the body."""
        if isinstance(error, InputTooLarge):
            message = f"{error.tokens} tokens are more than the {error.limit} that the model reads"
            return cls(location, message)
        return cls(location, str(error))


class TokenUsage(BaseModel):
    """What the model read, as its tokenizer counts; labels and queries are read too."""

    prompt_tokens: int
    total_tokens: int

    @classmethod
    def of(cls, tokens: int) -> "TokenUsage":
        return cls(prompt_tokens=tokens, total_tokens=tokens)
