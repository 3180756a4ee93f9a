"""Conversations that are kept.

Tables and columns are those of the FastAPI service, so that rows can move from one to the other.
"""

from django.db import models
from django.utils import timezone

from apps.ai.models import ApiKey


class Conversation(models.Model):
    """Whose it is, and when something was said last."""

    id = models.CharField(max_length=40, primary_key=True)
    # Refused by the database: below a `DB_CASCADE` no `PROTECT` is allowed.
    key = models.ForeignKey(ApiKey, models.DO_NOTHING, db_index=False)
    created_at = models.DateTimeField(default=timezone.now)
    changed_at = models.DateTimeField(default=timezone.now)

    class Meta:
        db_table = "conversation"
        indexes = (models.Index(fields=["key", "id"], name="ix_conversation_key_id_id"),)

    def __str__(self) -> str:
        return self.id


class Message(models.Model):
    """An `intelligence.conversations.Entry`; the order of the ids is that of the conversation."""

    conversation = models.ForeignKey(Conversation, models.DB_CASCADE, db_index=False)
    role = models.CharField(max_length=20)
    content = models.TextField()
    model = models.CharField(max_length=100, null=True)
    prompt = models.CharField(max_length=100, null=True)
    citations = models.JSONField()
    created_at = models.DateTimeField(default=timezone.now)

    class Meta:
        db_table = "message"
        indexes = (
            models.Index(fields=["conversation", "id"], name="ix_message_conversation_id_id"),
        )

    def __str__(self) -> str:
        return f"{self.role}, {self.conversation_id}"
