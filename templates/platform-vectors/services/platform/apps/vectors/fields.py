"""Vectors as a field, on SQLite and on PostgreSQL with pgvector."""

import json

import numpy as np
from django.db import models
from django.db.backends.base.base import BaseDatabaseWrapper

from intelligence.ports import Vector


class EmbeddingField(models.Field):  # type: ignore[type-arg] # it takes none at run time
    """A vector of any length: little-endian float32 in SQLite, pgvector's type in PostgreSQL."""

    def db_type(self, connection: BaseDatabaseWrapper) -> str:
        return "vector" if connection.vendor == "postgresql" else "BLOB"

    def get_db_prep_value(
        self,
        value: Vector,
        connection: BaseDatabaseWrapper,
        prepared: bool = False,  # noqa: ARG002 - Django's
    ) -> str | bytes:
        if connection.vendor == "postgresql":
            return as_text(value)
        content: bytes = value.astype("<f4").tobytes()
        return content

    def from_db_value(self, value: str | bytes, *_: object) -> Vector:
        if isinstance(value, str):
            return np.array(json.loads(value), np.float32)
        return np.frombuffer(value, "<f4")


def as_text(vector: Vector) -> str:
    """As pgvector reads it."""
    return f"[{','.join(vector.astype(str))}]"
