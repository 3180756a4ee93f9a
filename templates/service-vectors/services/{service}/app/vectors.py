"""Vectors as a column, on SQLite and on PostgreSQL with pgvector."""

import json
from typing import Any

import numpy as np
from sqlalchemy import Dialect, LargeBinary, TypeDecorator
from sqlalchemy.dialects.postgresql.base import PGDialect
from sqlalchemy.types import TypeEngine, UserDefinedType

from intelligence.ports import Vector


class PgVector(UserDefinedType[str]):
    """`vector` of the extension pgvector, as the text that it reads and writes: `[1,0.5]`."""

    cache_ok = True

    def get_col_spec(self, **_: object) -> str:
        return "vector"


PGDialect.ischema_names["vector"] = PgVector  # so that a look at the tables knows the type


class Embedding(TypeDecorator[Vector]):
    """A vector of any length: little-endian float32 in SQLite, pgvector's type in PostgreSQL."""

    impl = LargeBinary
    cache_ok = True

    def load_dialect_impl(self, dialect: Dialect) -> TypeEngine[Any]:
        if dialect.name == "postgresql":
            return dialect.type_descriptor(PgVector())
        return dialect.type_descriptor(LargeBinary())

    def process_bind_param(self, value: Vector | None, dialect: Dialect) -> str | bytes | None:
        if value is None:
            return None
        if dialect.name == "postgresql":
            return as_text(value)
        return value.astype("<f4").tobytes()

    def process_result_value(self, value: str | bytes | None, _: Dialect) -> Vector | None:
        if isinstance(value, str):
            return np.array(json.loads(value), np.float32)
        return None if value is None else np.frombuffer(value, "<f4")


def as_text(vector: Vector) -> str:
    """As pgvector reads it."""
    return f"[{','.join(vector.astype(str))}]"
