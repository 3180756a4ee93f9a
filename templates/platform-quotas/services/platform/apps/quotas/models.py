"""What keys may use and have used.

Table and columns are those of the FastAPI service, so that rows can move from one to the other.
"""

from django.db import models

from apps.ai.models import ApiKey
from intelligence.api.quotas import Counts


class KeyQuota(models.Model):
    """A key without a row has no quota."""

    key = models.OneToOneField(ApiKey, models.CASCADE, primary_key=True)
    tokens_a_month = models.BigIntegerField(null=True)
    requests_a_day = models.BigIntegerField(null=True)
    tokens = models.BigIntegerField(help_text="used in that month")
    requests = models.BigIntegerField(help_text="used on that day")
    month = models.DateField(help_text="its first day")
    day = models.DateField()

    class Meta:
        db_table = "key_quota"

    def __str__(self) -> str:
        return f"quotas of {self.key_id}"

    def counts(self) -> Counts:
        return Counts(
            self.tokens_a_month,
            self.requests_a_day,
            self.tokens,
            self.requests,
            self.month,
            self.day,
        )
