"""The themed admin, and the one place where the content security policy is relaxed."""

from collections.abc import Callable
from typing import Any

from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.utils.decorators import method_decorator
from django.views.decorators.csp import csp_override
from unfold.sites import UnfoldAdminSite

relaxed = csp_override(settings.BACKOFFICE_CSP)


class BackofficeSite(UnfoldAdminSite):  # type: ignore[misc] # unfold is not typed
    def admin_view(
        self, view: Callable[..., HttpResponse], cacheable: bool = False
    ) -> Callable[..., HttpResponse]:
        wrapped: Callable[..., HttpResponse] = relaxed(super().admin_view(view, cacheable))
        return wrapped

    @method_decorator(relaxed)
    def login(
        self, request: HttpRequest, extra_context: dict[str, Any] | None = None
    ) -> HttpResponse:
        response: HttpResponse = super().login(request, extra_context)
        return response
