"""Quotas over HTTP: what is left, and how it is said that nothing is."""

from django.http import HttpRequest, HttpResponse
from django.utils import timezone
from ninja import Router

from apps.api.auth import ApiKey, CallerRequest
from apps.api.root import api as root
from apps.quotas.counting import counts
from intelligence.api import quotas as api
from intelligence.api.problems import MEDIA_TYPE, responses

router = Router(auth=ApiKey(), tags=["quotas"])


@router.get(
    "/usage/quotas",
    summary="Your own quotas",
    response=api.QuotaList,
    openapi_extra={"responses": responses(401, 429)},
)
def list_quotas(request: CallerRequest) -> api.QuotaList:
    """Of the caller: what it may use, and what is left of that."""
    found = counts(request.auth.key_id)
    return api.QuotaList.of(found.quotas(timezone.now()) if found else [])


@root.exception_handler(api.QuotaExceeded)
def exceeded(_: HttpRequest, error: api.QuotaExceeded) -> HttpResponse:
    return HttpResponse(
        api.QuotaProblem.exceeded(error).content(),
        status=429,
        content_type=MEDIA_TYPE,
        headers={"Retry-After": str(error.retry_after)},
    )


root.add_router("/v1", router)
