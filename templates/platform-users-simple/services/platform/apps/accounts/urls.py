from django.contrib.auth.decorators import login_required
from django.urls import include, path
from django.views.generic import TemplateView

from config.features import PAGES

PUBLIC = {
    f"account_{page}"
    for page in (
        "login",
        "signup",
        "inactive",
        "email_verification_sent",
        "reset_password",
        "confirm_password_reset_code",
        "complete_password_reset",
        "password_reset_completed",
    )
}

home = TemplateView.as_view(template_name="home.html", extra_context={"pages": PAGES})

urlpatterns = [
    path("", login_required(home), name="home"),
    path("accounts/", include("allauth.account.urls")),
]
