"""What `intelligence` hands to a service to keep, kept in SQL."""

import logging
from dataclasses import asdict

from django.db import DatabaseError, transaction

from apps.ai.models import UsageRecord
from intelligence.usage import Usage

logger = logging.getLogger(__name__)


class DjangoUsageSink:
    """One row a request. A failure is logged and goes no further: the answer is there already."""

    def record(self, usage: Usage) -> None:
        try:
            with transaction.atomic():  # of its own, so that a failure breaks no other
                UsageRecord.objects.create(**asdict(usage))
        except DatabaseError:
            logger.exception("usage lost: %s", usage)
