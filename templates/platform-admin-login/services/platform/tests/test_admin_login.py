import pytest
from django.test import Client

from apps.accounts.models import User

pytestmark = pytest.mark.django_db


def test_staff_logs_in_where_everybody_does(client: Client) -> None:
    response = client.get("/admin/", follow=True)
    path, _ = response.redirect_chain[-1]
    assert path.startswith("/accounts/login/?next=")


def test_who_is_logged_in_and_no_staff_is_told_so(client: Client) -> None:
    client.force_login(User.objects.create_user("ada@example.com"))
    assert client.get("/admin/login/").status_code == 403
