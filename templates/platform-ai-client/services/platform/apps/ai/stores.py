"""What the use of the AI service cost, kept in SQL."""

import logging

from django.db import DatabaseError, transaction
from django.forms import model_to_dict

from apps.ai.models import UsageRecord

logger = logging.getLogger(__name__)


def keep(usage: UsageRecord) -> None:
    """One row a call. A failure is logged and goes no further: the answer is there already."""
    try:
        with transaction.atomic():  # of its own, so that a failure breaks no other
            usage.save()
    except DatabaseError:
        logger.exception("usage lost: %s", model_to_dict(usage))
