import pytest
from django.contrib.auth.models import Group
from django.test import Client
from django.urls import reverse

from apps.accounts.models import User

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


USERS, KEYS, USAGE = "accounts_user", "ai_apikey", "ai_usagerecord"


@pytest.mark.parametrize(
    ("role", "seen", "added"),
    [
        ("User managers", {USERS}, {USERS}),
        ("Operators", {KEYS, USAGE}, set()),
        ("Auditors", {USERS, KEYS, USAGE}, set()),
    ],
    indirect=["role"],
)
def test_a_role_opens_what_it_names_and_nothing_else(
    role: Client, seen: set[str], added: set[str]
) -> None:
    models = [USERS, KEYS, USAGE, "auth_group"]
    answers = {each: role.get(reverse(f"admin:{each}_changelist")).status_code for each in models}
    assert {each for each, status in answers.items() if status == 200} == seen
    answers = {each: role.get(reverse(f"admin:{each}_add")).status_code for each in models}
    assert {each for each, status in answers.items() if status == 200} == added
