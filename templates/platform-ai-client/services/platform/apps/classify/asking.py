"""Asking the AI service in the platform's name, and keeping account of it."""

import logging
from functools import cache
from http import HTTPStatus
from time import perf_counter

from django.conf import settings
from django.core.exceptions import ImproperlyConfigured

from apps.ai.models import UsageRecord
from apps.ai.stores import keep
from apps.ai_client.client import AiClient, Score, Unavailable
from apps.core.logs import request_id

logger = logging.getLogger("apps.classify")

UNSET_KEY = "change-me"
MIN_KEY_LENGTH = 32
UNKNOWN_MODEL = "unknown"  # where no answer tells which one
OPERATION = "classify"


@cache
def client() -> AiClient:
    return AiClient(settings.AI_SERVICE_URL, settings.AI_SERVICE_KEY)


def refuse_to_start_unconfigured(**_signal: object) -> None:
    """Raises ImproperlyConfigured. The service itself may be away: it can come later."""
    if not settings.AI_SERVICE_URL.startswith(("http://", "https://")):
        raise ImproperlyConfigured(
            "AI_SERVICE_URL must be the address of the AI service, such as https://ai.example.com"
        )
    if settings.AI_SERVICE_KEY == UNSET_KEY or len(settings.AI_SERVICE_KEY) < MIN_KEY_LENGTH:
        raise ImproperlyConfigured(
            f"AI_SERVICE_KEY needs at least {MIN_KEY_LENGTH} random characters, and the AI service "
            "has to know it: `python -m app keys put ak_platform AI_SERVICE_KEY --name platform "
            "--scope inference` there"
        )


def classify(text: str, labels: list[str], user_id: int | None) -> list[Score]:
    """Which label the text is about, best first. Raises Unavailable and Refused.

    Recorded is, with the user who asked, what the service says that it cost, and a call that it
    did not answer; not input that it would not read, for which no model ran.
    """
    started = perf_counter()
    try:
        answer = client().classify([text], labels, request_id=request_id.get())
    except Unavailable as error:
        logger.warning("the AI service is away: %s", error)
        record(user_id, UNKNOWN_MODEL, 0, started, error.status)
        raise
    record(user_id, answer.model, answer.tokens, started, HTTPStatus.OK)
    return answer.texts[0]


def record(
    user_id: int | None, model: str, tokens: int, started: float, status: HTTPStatus
) -> None:
    keep(
        UsageRecord(
            user_id=user_id,
            operation=OPERATION,
            model=model,
            input_tokens=tokens,
            output_tokens=0,
            latency_ms=(perf_counter() - started) * 1000,
            status=status.value,
        )
    )
