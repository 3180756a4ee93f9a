from django.contrib.auth.decorators import login_required
from django.urls import include, path
from django.views.generic import TemplateView

PUBLIC = {
    f"account_{page}"
    for page in (
        "login",
        "signup",
        "inactive",
        "confirm_email",
        "email_verification_sent",
        "reset_password",
        "reset_password_done",
        "reset_password_from_key",
        "reset_password_from_key_done",
    )
}

urlpatterns = [
    path("", login_required(TemplateView.as_view(template_name="home.html")), name="home"),
    path("accounts/", include("allauth.account.urls")),
]
