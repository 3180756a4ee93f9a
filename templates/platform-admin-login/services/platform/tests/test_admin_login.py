import pytest
from django.core.management import call_command
from django.test import Client
from pytest_django import Settings

from apps.accounts.models import User
from apps.backoffice.seeds import EMAIL

pytestmark = pytest.mark.django_db


def test_staff_logs_in_where_everybody_does(client: Client) -> None:
    response = client.get("/admin/", follow=True)
    path, _ = response.redirect_chain[-1]
    assert path.startswith("/accounts/login/?next=")


def test_who_is_logged_in_and_no_staff_is_told_so(client: Client) -> None:
    client.force_login(User.objects.create_user("ada@example.com"))
    assert client.get("/admin/login/").status_code == 403


def test_staff_alone_finds_the_way_from_the_start_page(client: Client) -> None:
    user = User.objects.create_user("ada@example.com")
    client.force_login(user)
    assert "/admin/" not in client.get("/").content.decode()
    user.is_staff = True
    user.save()
    assert 'href="/admin/"' in client.get("/").content.decode()


def test_developments_superuser_is_let_in_at_once(
    client: Client, settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    settings.DEBUG = True
    monkeypatch.setenv("DEV_ADMIN_PASSWORD", "correct horse battery staple")
    call_command("seed")
    form = {"login": EMAIL, "password": "correct horse battery staple"}
    response = client.post("/accounts/login/?next=/admin/", form, follow=True)
    assert response.redirect_chain == [("/admin/", 302)]
    assert response.status_code == 200
