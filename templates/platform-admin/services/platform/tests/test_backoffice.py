"""The admin, as staff with and without rights finds it."""

from collections.abc import Callable

import pytest
from django.contrib import admin
from django.contrib.auth.models import Permission
from django.core.management import call_command
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from pytest_django import Settings

from apps.accounts.models import User
from apps.backoffice.seeds import EMAIL

pytestmark = pytest.mark.django_db


def test_a_browser_asks_for_no_icon_that_is_not_there(admin_client: Client) -> None:
    assert 'href="data:,"' in admin_client.get("/admin/").content.decode()


MODELS = [f"{each._meta.app_label}_{each._meta.model_name}" for each in admin.site._registry]
PASSWORD = "correct horse battery staple"


@pytest.fixture
def boss() -> User:
    return User.objects.create_superuser("grace@example.com", PASSWORD)


@pytest.fixture
def clerk() -> User:
    """May keep users, and no more."""
    user = User.objects.create_user("ada@example.com", PASSWORD, is_staff=True)
    user.user_permissions.set(
        Permission.objects.filter(
            codename__in=["add_user", "change_user", "view_user", "delete_user"]
        )
    )
    return user


def logged_in(user: User) -> Client:
    client = Client()
    client.force_login(user)
    return client


def test_every_page_of_every_model_opens(boss: User, ask: Callable[[int], object]) -> None:
    ask(1)
    client = logged_in(boss)
    assert client.get("/admin/").status_code == 200
    for model, model_admin in admin.site._registry.items():
        name = f"admin:{model._meta.app_label}_{model._meta.model_name}"
        assert client.get(reverse(f"{name}_changelist"), {"q": "a"}).status_code == 200, name
        added = client.get(reverse(f"{name}_add")).status_code
        assert added == (
            200 if model_admin.has_add_permission(client.get("/").wsgi_request) else 403
        )
        for one in model._default_manager.all()[:1]:
            assert client.get(reverse(f"{name}_change", args=[one.pk])).status_code == 200, name


@pytest.mark.parametrize("model", MODELS)
def test_a_longer_list_costs_no_more_queries(
    boss: User, ask: Callable[[int], object], model: str
) -> None:
    client = logged_in(boss)
    ask(1)

    def queries() -> int:
        with CaptureQueriesContext(connection) as captured:
            page = client.get(reverse(f"admin:{model}_changelist"))
        assert page.status_code == 200
        return len(captured)

    queries()  # the first page of a process fills caches
    few = queries()
    for number in range(2, 12):
        ask(number)
        User.objects.create_user(f"{number}@example.com")
    assert queries() == few


@pytest.mark.parametrize("model", MODELS)
def test_nobody_sees_anything_without_being_staff(client: Client, model: str) -> None:
    client.force_login(User.objects.create_user("nobody@example.com", PASSWORD))
    response = client.get(reverse(f"admin:{model}_changelist"))
    assert response.status_code == 302
    assert "/login/" in response["Location"]


def test_a_user_is_added_with_an_address_alone(boss: User) -> None:
    form = {
        "email": "New@Example.com",
        "usable_password": "true",
        "password1": PASSWORD,
        "password2": PASSWORD,
    }
    response = logged_in(boss).post(reverse("admin:accounts_user_add"), form)
    assert response.status_code == 302
    assert User.objects.get(email="new@example.com").check_password(PASSWORD)


def test_who_keeps_users_cannot_make_a_superuser(clerk: User) -> None:
    url = reverse("admin:accounts_user_change", args=[clerk.pk])
    form = {"email": clerk.email, "is_active": "on", "is_superuser": "on", "is_staff": "on"}
    assert logged_in(clerk).post(url, form).status_code == 302
    clerk.refresh_from_db()
    assert not clerk.is_superuser


@pytest.mark.parametrize("view", ["change", "delete"])
def test_who_keeps_users_cannot_touch_a_superuser(clerk: User, boss: User, view: str) -> None:
    url = reverse(f"admin:accounts_user_{view}", args=[boss.pk])
    logged_in(clerk).post(url, {"email": "taken@example.com", "post": "yes"})
    boss.refresh_from_db()
    assert boss.email == "grace@example.com"


def test_who_keeps_users_cannot_set_a_superusers_password(clerk: User, boss: User) -> None:
    url = reverse("admin:auth_user_password_change", args=[boss.pk])
    form = {"password1": "another pass phrase", "password2": "another pass phrase"}
    assert logged_in(clerk).post(url, form).status_code == 403
    boss.refresh_from_db()
    assert boss.check_password(PASSWORD)


def test_development_gets_a_login_that_works(
    settings: Settings, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    settings.DEBUG = True
    monkeypatch.setenv("DEV_ADMIN_PASSWORD", PASSWORD)
    call_command("seed")
    assert f"login: {EMAIL}  password: {PASSWORD}" in capsys.readouterr().out
    assert Client().login(email=EMAIL, password=PASSWORD)


def test_without_a_password_in_the_environment_nobody_gets_in(
    settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    settings.DEBUG = True
    monkeypatch.delenv("DEV_ADMIN_PASSWORD", raising=False)
    call_command("seed")
    assert not User.objects.get(email=EMAIL).has_usable_password()
