"""Documents, their chunks and vectors.

Tables and columns are those of the FastAPI service, so that rows can move from one to the other.
What finds words is made by the first migration, because no model can say it on every database.
"""

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
            return f"[{','.join(value.astype(str))}]"
        content: bytes = value.astype("<f4").tobytes()
        return content

    def from_db_value(self, value: str | bytes, *_: object) -> Vector:
        if isinstance(value, str):
            return np.array(json.loads(value), np.float32)
        return np.frombuffer(value, "<f4")


class Document(models.Model):
    """`intelligence.retrieval.ports.Document`, with the time at which this version was put."""

    id = models.CharField(max_length=100, primary_key=True)
    title = models.CharField(max_length=300)
    url = models.CharField(max_length=2000, null=True)
    digest = models.CharField(max_length=64)
    changed_at = models.DateTimeField()

    class Meta:
        db_table = "document"

    def __str__(self) -> str:
        return self.title


class Chunk(models.Model):
    """A passage of a document: what is found and cited.

    Attributes:
        position: in its document, from 0.
        model: what made the vector.
    """

    document = models.ForeignKey(Document, models.DB_CASCADE, db_index=False)
    position = models.IntegerField()
    text = models.TextField()
    model = models.CharField(max_length=100)
    embedding = EmbeddingField()

    class Meta:
        db_table = "chunk"
        indexes = (models.Index(fields=["model"], name="ix_chunk_model"),)
        constraints = (
            models.UniqueConstraint(
                fields=["document", "position"], name="uq_chunk_document_id_position"
            ),
        )

    def __str__(self) -> str:
        return f"{self.document_id}, {self.position}"
