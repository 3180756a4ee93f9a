import pytest
from django.contrib.auth.models import Group
from django.test import Client
from django.urls import reverse

from apps.accounts.models import User
from apps.ai.models import ApiKey

pytestmark = pytest.mark.django_db

KEYS, USAGE = "admin:ai_apikey_changelist", "admin:ai_usagerecord_changelist"


@pytest.fixture
def role(client: Client, request: pytest.FixtureRequest) -> Client:
    """A client logged in as staff with one role."""
    user = User.objects.create_user("ada@example.com", is_staff=True)
    user.groups.add(Group.objects.get(name=request.param))
    client.force_login(user)
    return client


@pytest.mark.parametrize(
    ("role", "revoked"), [("Operators", True), ("Auditors", False)], indirect=["role"]
)
def test_operators_revoke_keys_and_auditors_look(role: Client, revoked: bool) -> None:
    ApiKey.objects.create(id="ak_1", name="Ada", digest="0" * 64)
    assert [role.get(reverse(each)).status_code for each in (KEYS, USAGE)] == [200, 200]
    role.post(reverse(KEYS), {"action": "revoke", "_selected_action": ["ak_1"]})
    assert (ApiKey.objects.get().revoked_at is not None) == revoked


@pytest.mark.parametrize("role", ["Operators"], indirect=True)
def test_operators_see_no_users(role: Client) -> None:
    assert role.get(reverse("admin:accounts_user_changelist")).status_code == 403
