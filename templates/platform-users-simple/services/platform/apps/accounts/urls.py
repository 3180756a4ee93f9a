from django.contrib.auth.decorators import login_required
from django.urls import include, path
from django.views.generic import TemplateView

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

urlpatterns = [
    path("", login_required(TemplateView.as_view(template_name="home.html")), name="home"),
    path("accounts/", include("allauth.account.urls")),
]
