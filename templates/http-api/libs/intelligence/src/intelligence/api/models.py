"""`GET /v1/models`: which models answer here, as OpenAI's API says it
(https://platform.openai.com/docs/api-reference/models/list)."""

from collections.abc import Iterable
from typing import Literal, Self

from pydantic import BaseModel, Field

from intelligence.errors import IntelligenceError


class UnknownModel(IntelligenceError):  # noqa: N818 - named for what happened, as `errors` are
    """The request names a model that does not run here."""


def known(asked: str, model: str) -> None:
    """Raises UnknownModel unless it is this model that is asked for."""
    if asked != model:
        raise UnknownModel(f"there is no model {asked!r} here, only {model!r}")


class Model(BaseModel):
    id: str
    object: Literal["model"] = "model"
    created: Literal[0] = Field(default=0, description="Not known.")
    owned_by: Literal["system"] = "system"


class ModelList(BaseModel):
    object: Literal["list"] = "list"
    data: list[Model]

    @classmethod
    def of(cls, names: Iterable[str]) -> Self:
        return cls(data=[Model(id=name) for name in names])
