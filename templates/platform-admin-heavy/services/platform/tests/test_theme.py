import pytest
from django.contrib import admin
from django.contrib.auth.models import Group, Permission
from django.db.models import Model
from django.test import Client
from django.urls import reverse
from unfold.admin import ModelAdmin
from unfold.forms import UserCreationForm

from apps.accounts.models import User
from apps.backoffice.site import BackofficeSite

pytestmark = pytest.mark.django_db


@pytest.fixture
def role(client: Client, request: pytest.FixtureRequest) -> Client:
    """A client logged in as staff with one role."""
    user = User.objects.create_user("ada@example.com", is_staff=True)
    user.groups.add(Group.objects.get(name=request.param))
    client.force_login(user)
    return client


@pytest.mark.parametrize("path", ["/admin/", "/admin/accounts/user/"])
def test_the_policy_is_relaxed_for_the_admin(admin_client: Client, path: str) -> None:
    policy = admin_client.get(path)["Content-Security-Policy"]
    assert "'unsafe-eval'" in policy
    assert "default-src 'none'" in policy


def test_the_policy_is_not_relaxed_elsewhere(admin_client: Client) -> None:
    assert "unsafe" not in admin_client.get("/adminx")["Content-Security-Policy"]


@pytest.mark.parametrize(
    ("role", "seen", "added"),
    [("User managers", {"accounts"}, {"accounts"}), ("Auditors", {"accounts", "ai"}, set())],
    indirect=["role"],
)
def test_a_role_opens_the_apps_that_it_names_and_nothing_else(
    role: Client, seen: set[str], added: set[str]
) -> None:
    for model in admin.site._registry:
        label, name = model._meta.app_label, model._meta.model_name
        for page, opened in (("changelist", seen), ("add", added)):
            status = role.get(reverse(f"admin:{label}_{name}_{page}")).status_code
            assert status == (200 if label in opened else 403), f"{label}_{name}_{page}"


@pytest.mark.parametrize("model", [Group, User])
def test_a_models_pages_are_themed_and_so_are_a_users_forms(model: type[Model]) -> None:
    found = admin.site._registry[model]
    assert isinstance(found, ModelAdmin)
    assert getattr(found, "add_form", UserCreationForm) is UserCreationForm


def test_a_model_without_a_class_of_its_own_is_themed() -> None:
    site = BackofficeSite()
    site.register(Permission)
    assert isinstance(site._registry[Permission], ModelAdmin)
