"""A superuser for development, with the password that .env names."""

from django.conf import settings

from apps.accounts.models import User
from config.environment import text

EMAIL = "admin@example.com"


def seed() -> str:
    password = text("DEV_ADMIN_PASSWORD")
    user = User.objects.filter(email=EMAIL).first() or User.objects.create_superuser(EMAIL)
    user.set_password(password or None)
    user.save(update_fields=["password"])
    return f"http://{settings.HOST}:{settings.PORT}/admin/  login: {EMAIL}  password: {password}"
