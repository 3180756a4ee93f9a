"""Items and what was done with them.

Tables and columns are those of the FastAPI service, so that rows can move from one to the other.
"""

from django.db import models

from apps.vectors.fields import EmbeddingField


class Item(models.Model):
    """`intelligence.recommending.ports.Kept`, with whose it is, its vector and its heat."""

    owner = models.CharField(max_length=100)
    name = models.CharField(max_length=100)
    title = models.CharField(max_length=300)
    text = models.TextField()
    model = models.CharField(max_length=100)
    embedding = EmbeddingField()
    heat = models.FloatField(null=True)
    added_at = models.DateTimeField()
    changed_at = models.DateTimeField()

    class Meta:
        db_table = "item"
        indexes = (
            models.Index(fields=["owner", "heat"], name="ix_item_owner_heat"),
            models.Index(fields=["owner", "model", "id"], name="ix_item_owner_model_id"),
        )
        constraints = (
            models.UniqueConstraint(fields=["owner", "name"], name="uq_item_owner_name"),
        )

    def __str__(self) -> str:
        return self.title


class ItemEvent(models.Model):
    """`intelligence.recommending.ports.Event`, with whose it is."""

    owner = models.CharField(max_length=100)
    name = models.CharField(max_length=100)
    subject = models.CharField(max_length=100)
    item = models.ForeignKey(Item, models.DB_CASCADE, db_index=False)
    kind = models.CharField(max_length=20)
    at = models.DateTimeField()

    class Meta:
        db_table = "item_event"
        indexes = (
            models.Index(fields=["owner", "subject", "at"], name="ix_item_event_owner_subject_at"),
            models.Index(fields=["item"], name="ix_item_event_item_id"),
            models.Index(fields=["at"], name="ix_item_event_at"),
        )
        constraints = (
            models.UniqueConstraint(fields=["owner", "name"], name="uq_item_event_owner_name"),
        )

    def __str__(self) -> str:
        return self.name
