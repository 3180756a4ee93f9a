"""Documents, their chunks and vectors.

Tables and columns are those of the FastAPI service, so that rows can move from one to the other.
What finds words is made by the first migration, because no model can say it on every database.
"""

from django.db import models

from apps.vectors.fields import EmbeddingField


class Document(models.Model):
    """`intelligence.retrieval.ports.Document`, with the time at which this version was put."""

    id = models.CharField(max_length=130, primary_key=True)
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
