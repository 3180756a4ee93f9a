"""`GET /v1/models`: which models answer here, as OpenAI's API says it
(https://platform.openai.com/docs/api-reference/models/list)."""

from collections.abc import Iterable
from typing import Literal, Self

from pydantic import BaseModel, Field


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
