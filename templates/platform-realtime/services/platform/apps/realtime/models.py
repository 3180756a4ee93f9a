"""Measurements, and the windows that they are summed up in.

Tables and columns are those of the FastAPI service, so that rows can move from one to the other.
"""

from django.db import models

from apps.ai.models import ApiKey


class Measurement(models.Model):
    """What was sent, once. `late`: too late for its shortest window."""

    key = models.ForeignKey(ApiKey, models.PROTECT, db_index=False)
    measurement_id = models.CharField(max_length=64)
    metric = models.CharField(max_length=64)
    dimensions = models.CharField(max_length=500, blank=True)
    value = models.FloatField()
    occurred_at = models.DateTimeField()
    received_at = models.DateTimeField()
    late = models.BooleanField()

    class Meta:
        db_table = "measurement"
        indexes = (models.Index(fields=["received_at"], name="ix_measurement_received_at"),)
        constraints = (
            models.UniqueConstraint(
                fields=["key", "measurement_id"], name="uq_measurement_key_id_measurement_id"
            ),
        )

    def __str__(self) -> str:
        return f"{self.measurement_id}, {self.metric}"


class Window(models.Model):
    """An `intelligence.measurements.windows.Window`, by its columns."""

    key = models.ForeignKey(ApiKey, models.PROTECT, db_index=False)
    metric = models.CharField(max_length=64)
    dimensions = models.CharField(max_length=500, blank=True)
    seconds = models.IntegerField()
    starts_at = models.DateTimeField()
    closes_at = models.DateTimeField()
    count = models.BigIntegerField()
    total = models.FloatField()
    least = models.FloatField(null=True)
    most = models.FloatField(null=True)
    buckets = models.JSONField()
    late = models.BigIntegerField()
    closed = models.BooleanField()

    class Meta:
        db_table = "measurement_window"
        indexes = (
            models.Index(fields=["closed", "closes_at"], name="ix_measurement_window_closes"),
            models.Index(fields=["seconds", "starts_at"], name="ix_measurement_window_starts"),
        )
        constraints = (
            # In the order in which it is read: the windows of a metric in a time, of any series.
            models.UniqueConstraint(
                fields=["key", "metric", "seconds", "starts_at", "dimensions"],
                name="uq_measurement_window",
            ),
        )

    def __str__(self) -> str:
        return f"{self.metric}, {self.seconds} s from {self.starts_at}"
