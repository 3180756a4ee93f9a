import pytest
from django.contrib.auth import authenticate
from django.db import IntegrityError

from apps.accounts.models import User

pytestmark = pytest.mark.django_db

PASSWORD = "correct horse battery staple"


def test_an_address_is_one_account_however_it_is_written() -> None:
    user = User.objects.create_user("Ada@Example.com", PASSWORD)
    assert user.email == "ada@example.com"
    assert User.objects.get_by_natural_key("ADA@example.com") == user
    with pytest.raises(IntegrityError):
        User.objects.create_user("ADA@EXAMPLE.COM", PASSWORD)


def test_a_form_keeps_addresses_in_lower_case_too() -> None:
    user = User(email="Ada@Example.com")
    user.set_unusable_password()
    user.full_clean()
    assert user.email == "ada@example.com"


def test_a_user_is_nobody_special_and_a_superuser_is() -> None:
    user = User.objects.create_user("ada@example.com", PASSWORD)
    boss = User.objects.create_superuser("grace@example.com", PASSWORD)
    assert (user.is_staff, user.is_superuser) == (False, False)
    assert (boss.is_staff, boss.is_superuser) == (True, True)


def test_without_a_password_nobody_logs_in() -> None:
    user = User.objects.create_user("ada@example.com")
    assert not user.has_usable_password()
    assert authenticate(email="ada@example.com", password="") is None
