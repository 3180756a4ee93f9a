"""What the AI service was asked, and by whom."""

from django.conf import settings
from django.db import models
from django.utils import timezone


class UsageRecord(models.Model):
    """What one call of the AI service cost, with the time at which it was written."""

    # Without a user: one who was deleted since.
    user = models.ForeignKey(settings.AUTH_USER_MODEL, models.SET_NULL, null=True)
    operation = models.CharField(max_length=40)
    model = models.CharField(max_length=100)
    input_tokens = models.IntegerField()
    output_tokens = models.IntegerField()
    latency_ms = models.FloatField("latency in ms")
    status = models.IntegerField()
    cost_nano = models.BigIntegerField(null=True, help_text="by the table of prices")
    created_at = models.DateTimeField("time", default=timezone.now)

    def __str__(self) -> str:
        return f"{self.operation} at {self.created_at:%Y-%m-%d %H:%M}"
