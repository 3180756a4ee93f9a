"""What bodies have in common whose content is kept: identifiers, texts, pages of a list."""

from typing import Annotated

from pydantic import AfterValidator, Field

MAX_PAGE = 100
ID = r"^[A-Za-z0-9][A-Za-z0-9._-]{0,99}$"
AFTER = r"^[A-Za-z0-9._-]{0,100}$"


def storable(text: str) -> str:
    if "\0" in text:
        raise ValueError("the character NUL cannot be stored")
    return text


def not_blank(text: str) -> str:
    if not text.strip():
        raise ValueError("there is nothing but white space")
    return text


Storable = Annotated[str, AfterValidator(storable)]
type Stripped = Annotated[str, AfterValidator(storable), AfterValidator(not_blank)]
After = Annotated[str, Field(pattern=AFTER)]
Limit = Annotated[int, Field(ge=1, le=MAX_PAGE)]
