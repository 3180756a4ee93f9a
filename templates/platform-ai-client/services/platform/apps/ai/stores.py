"""What the use of the AI service cost, kept in SQL."""

import logging
from datetime import UTC

from django.db import DatabaseError, transaction
from django.forms import model_to_dict

from apps.ai.models import UsageRecord
from intelligence.prices import Prices

logger = logging.getLogger(__name__)

PRICES = Prices.read()


def keep(usage: UsageRecord) -> None:
    """One row a call, with what it cost that day by the platform's own table of prices.

    A failure is logged and goes no further: the answer is there already.
    """
    tokens, day = (usage.input_tokens, usage.output_tokens), usage.created_at.astimezone(UTC).date()
    usage.cost_nano = PRICES.cost(usage.model, *tokens, day)
    try:
        with transaction.atomic():  # of its own, so that a failure breaks no other
            usage.save()
    except DatabaseError:
        logger.exception("usage lost: %s", model_to_dict(usage))
