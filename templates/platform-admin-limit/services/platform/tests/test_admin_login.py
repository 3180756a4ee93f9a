from collections.abc import Iterator

import pytest
from django.core.cache import cache
from django.test import Client

from apps.accounts.admin_login import TRIES
from apps.accounts.models import User

pytestmark = pytest.mark.django_db

LOGIN = "/admin/login/?next=/admin/"
PASSWORD = "correct horse battery staple"


@pytest.fixture(autouse=True)
def forgotten() -> Iterator[None]:
    cache.clear()
    yield
    cache.clear()


@pytest.fixture(autouse=True)
def staff() -> None:
    for name in ("ada", "grace"):
        User.objects.create_user(f"{name}@example.com", PASSWORD, is_staff=True)


def tried(client: Client, email: str, password: str) -> int:
    return client.post(LOGIN, {"username": email, "password": password}).status_code


def test_who_fails_too_often_is_refused_even_with_the_password(client: Client) -> None:
    failed = [tried(client, "Ada@example.com", str(each)) for each in range(TRIES)]
    assert set(failed) == {200}
    response = client.post(LOGIN, {"username": "ada@example.com ", "password": PASSWORD})
    assert response.status_code == 429
    assert int(response["Retry-After"]) > 0
    assert "_auth_user_id" not in client.session
    assert client.get(LOGIN).status_code == 200


def test_another_address_has_tries_of_its_own(client: Client) -> None:
    for each in range(TRIES):
        tried(client, "ada@example.com", str(each))
    assert tried(client, "grace@example.com", PASSWORD) == 302


def test_a_login_forgets_the_tries_before_it(client: Client) -> None:
    for _ in range(2):
        for each in range(TRIES - 1):
            assert tried(client, "ada@example.com", str(each)) == 200
        assert tried(client, "ada@example.com", PASSWORD) == 302
        client.logout()
