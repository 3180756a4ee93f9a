"""`GET /v1/usage`: what the caller's own requests came to."""

from datetime import UTC, datetime
from typing import Annotated

from django.db.models import Avg, Count, F, Sum
from django.db.models.functions import TruncDate
from django.utils import timezone
from ninja import Query, Router

from apps.ai.models import UsageRecord
from apps.ai.stores import PRICES
from apps.api.auth import ApiKey, CallerRequest
from apps.api.root import api as root
from intelligence.api import usage as api
from intelligence.api.problems import responses

router = Router(auth=ApiKey(), tags=["usage"])


@router.get(
    "/usage",
    summary="Your own usage",
    response=api.UsageList,
    openapi_extra={"responses": responses(401, 422, 429)},
)
def list_usage(
    request: CallerRequest,
    days: Annotated[
        int,
        Query(api.DAYS, ge=1, le=api.MOST_DAYS, description="The last ones, today included."),
    ],
) -> api.UsageList:
    """Of the caller: requests, tokens, cost and times, by day and operation."""
    since = api.beginning(timezone.now(), days)
    return api.UsageList.of(used(request.auth.key_id, since), PRICES.currency)


def used(key_id: str, since: datetime) -> list[api.Used]:
    """By day, the newest first, and operation."""
    rows = (
        UsageRecord.objects.filter(key_id=key_id, created_at__gte=since)
        .values("operation", day=TruncDate("created_at", tzinfo=UTC))
        .annotate(
            requests=Count("pk"),
            unpriced=F("requests") - Count("cost_nano"),
            read=Sum("input_tokens"),
            written=Sum("output_tokens"),
            cost=Sum("cost_nano"),
            latency=Avg("latency_ms"),
            first_token=Avg("first_token_ms"),
        )
        .order_by("-day", "operation")
        .values_list(
            "day", "operation", "requests", "unpriced", "read", "written", "cost", "latency",
            "first_token",
        )
    )  # fmt: skip
    return [api.Used(*row) for row in rows]


root.add_router("/v1", router)
