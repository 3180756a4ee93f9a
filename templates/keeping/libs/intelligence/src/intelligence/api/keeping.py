"""What APIs have in common that keep what the model has read: identifiers, texts, pages of a list,
and what a failure on the way is put down as."""

from typing import Annotated

from pydantic import AfterValidator, Field

from intelligence.api.asking import CLIENT_LEFT, CallerLeft, storable
from intelligence.errors import InferenceFailed, InputRefused, NotReady, Overloaded

MAX_PAGE = 100
ID = r"^[A-Za-z0-9][A-Za-z0-9._-]{0,99}$"
AFTER = r"^[A-Za-z0-9._-]{0,100}$"


def not_blank(text: str) -> str:
    if not text.strip():
        raise ValueError("there is nothing but white space")
    return text


type Stripped = Annotated[str, AfterValidator(storable), AfterValidator(not_blank)]
After = Annotated[str, Field(pattern=AFTER)]
Limit = Annotated[int, Field(ge=1, le=MAX_PAGE)]


def put_down_as(error: Exception) -> tuple[int, int]:
    """The status under which a failure is recorded, and the tokens that it cost beyond those that
    were read before it."""
    match error:
        case InputRefused():
            return 422, 0
        case InferenceFailed():
            return 500, error.tokens
        case NotReady() | Overloaded():
            return 503, 0
        case CallerLeft():
            return CLIENT_LEFT, 0
        case _:
            return 500, 0
