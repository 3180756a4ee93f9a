"""The themed admin, and the one place where the content security policy is relaxed."""

from collections.abc import Callable
from typing import Any

from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.utils.decorators import method_decorator
from django.views.decorators.csp import csp_override
from unfold.admin import ModelAdmin
from unfold.forms import AdminPasswordChangeForm, UserChangeForm, UserCreationForm
from unfold.sites import UnfoldAdminSite

relaxed = csp_override(settings.BACKOFFICE_CSP)

USER_FORMS = {
    "form": UserChangeForm,
    "add_form": UserCreationForm,
    "change_password_form": AdminPasswordChangeForm,
}


class BackofficeSite(UnfoldAdminSite):  # type: ignore[misc] # unfold is not typed
    def register(
        self, model_or_iterable: Any, admin_class: type[Any] | None = None, **options: Any
    ) -> None:
        """Themes every class: the project's, Django's own, those of other packages."""
        bases = (admin_class, ModelAdmin) if admin_class else (ModelAdmin,)
        of_users = hasattr(bases[0], "add_form")
        body = {"__module__": bases[0].__module__} | (USER_FORMS if of_users else {})
        themed = type(bases[0].__name__, bases, body)
        super().register(model_or_iterable, themed, **options)

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
