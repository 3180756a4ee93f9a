"""What `intelligence` hands to a service to keep, kept in SQL."""

import logging
from dataclasses import asdict
from datetime import UTC, datetime

from django.db import DatabaseError, transaction
from django.utils import timezone

from apps.ai.models import UsageRecord
from intelligence.prices import Prices
from intelligence.usage import Usage

logger = logging.getLogger(__name__)


PRICES = Prices.read()


def record_of(usage: Usage, at: datetime, prices: Prices = PRICES) -> UsageRecord:
    """With what it cost that day."""
    tokens = usage.input_tokens, usage.output_tokens
    cost = prices.cost(usage.model, *tokens, at.astimezone(UTC).date())
    return UsageRecord(**asdict(usage), created_at=at, cost_nano=cost)


class DjangoUsageSink:
    """One row a request. A failure is logged and goes no further: the answer is there already."""

    def __init__(self, prices: Prices = PRICES) -> None:
        self._prices = prices

    def record(self, usage: Usage) -> None:
        try:
            with transaction.atomic():  # of its own, so that a failure breaks no other
                record_of(usage, timezone.now(), self._prices).save()
        except DatabaseError:
            logger.exception("usage lost: %s", usage)
