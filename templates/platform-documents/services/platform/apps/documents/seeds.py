"""The project's own pages, so that a first question about the project itself is answered."""

import logging

from asgiref.sync import async_to_sync
from django.conf import settings

from apps.documents.indexing import put_pages
from intelligence.errors import IntelligenceError

logger = logging.getLogger(__name__)


def seed() -> None:
    try:
        async_to_sync(put_pages)(settings.ROOT.parent.parent)
    except IntelligenceError as error:
        logger.warning("the project's own pages cannot be found yet: %s", error)
