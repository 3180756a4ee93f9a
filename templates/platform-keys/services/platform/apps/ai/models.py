"""Who may use the model, and what each use cost.

Tables and columns are those of the FastAPI service, so that rows can move from one to the other.
"""

from datetime import datetime

from django.db import models
from django.utils import timezone


class ApiKey(models.Model):
    """Who may call. The key itself is not stored, see `apps.ai.keys`."""

    id = models.CharField(max_length=20, primary_key=True, help_text="how the key begins")
    name = models.CharField(max_length=100, help_text="who it is for")
    digest = models.CharField(max_length=64, unique=True)
    scopes = models.CharField(
        max_length=200, blank=True, help_text="names separated by spaces (RFC 6749 §3.3)"
    )
    created_at = models.DateTimeField("created", default=timezone.now)
    expires_at = models.DateTimeField("expires", null=True, blank=True)
    revoked_at = models.DateTimeField("revoked", null=True, blank=True)
    last_used_at = models.DateTimeField(null=True)

    class Meta:
        db_table = "api_key"
        verbose_name = "API key"

    def __str__(self) -> str:
        return f"{self.name} ({self.id})"

    def usable(self, at: datetime) -> bool:
        return self.revoked_at is None and (self.expires_at is None or at < self.expires_at)


class UsageRecord(models.Model):
    """What one request cost: `intelligence.usage.Usage`, with the time at which it was written."""

    # A key that was used stays, revoked: its name says whose usage this was.
    key = models.ForeignKey(ApiKey, models.PROTECT, null=True, db_index=False)
    operation = models.CharField(max_length=40)
    model = models.CharField(max_length=100)
    input_tokens = models.IntegerField()
    output_tokens = models.IntegerField()
    latency_ms = models.FloatField("latency in ms")
    status = models.IntegerField()
    first_token_ms = models.FloatField("time to first words in ms", null=True)
    cost_nano = models.BigIntegerField(null=True, help_text="by the table of prices")
    created_at = models.DateTimeField("time", default=timezone.now)

    class Meta:
        db_table = "usage_record"
        indexes = (
            models.Index(fields=["key", "created_at"], name="ix_usage_record_key_created_at"),
        )

    def __str__(self) -> str:
        return f"{self.operation} at {self.created_at:%Y-%m-%d %H:%M}"
