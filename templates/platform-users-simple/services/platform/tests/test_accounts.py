"""Sign-up, login and reset in a browser's steps, mail in memory."""

import re

import pytest
from django.contrib.staticfiles import finders
from django.core import mail
from django.core.cache import cache
from django.core.exceptions import ImproperlyConfigured
from django.test import Client

from apps.accounts.models import User
from config.mail import mailer

pytestmark = pytest.mark.django_db

EMAIL, PASSWORD = "ada@example.com", "correct horse battery staple"


@pytest.fixture(autouse=True)
def no_tries_so_far() -> None:
    cache.clear()


@pytest.fixture
def user() -> User:
    user = User.objects.create_user(EMAIL, PASSWORD)
    user.emailaddress_set.create(email=EMAIL, verified=True, primary=True)
    return user


def mailed_code() -> str:
    """On a line of its own: console mail wraps long lines, and a broken link leads nowhere."""
    codes = re.findall(r"(?m)^[A-Z0-9]+(?:-[A-Z0-9]+)*$", str(mail.outbox[-1].body))
    assert len(codes) == 1, mail.outbox[-1].body
    return str(codes[0])


def log_in(client: Client, password: str = PASSWORD, login: str = EMAIL) -> int:
    client.post("/accounts/login/", {"login": login, "password": password})
    return client.get("/").status_code


def test_an_account_works_once_its_address_is_confirmed(client: Client) -> None:
    form = {"email": EMAIL, "password1": PASSWORD, "password2": PASSWORD}
    client.post("/accounts/signup/", form)
    assert User.objects.get(email=EMAIL).check_password(PASSWORD)
    assert client.get("/").status_code == 302
    client.post("/accounts/confirm-email/", {"code": mailed_code()})
    assert client.get("/").status_code == 200
    client.post("/accounts/logout/")
    assert log_in(client) == 200
    assert EMAIL in client.get("/").content.decode()


def test_the_address_is_not_case_sensitive(client: Client, user: User) -> None:
    assert log_in(client, login=EMAIL.upper()) == 200


def test_a_weak_password_is_refused(client: Client) -> None:
    form = {"email": EMAIL, "password1": "12345678", "password2": "12345678"}
    response = client.post("/accounts/signup/", form)
    assert "too common" in response.content.decode()
    assert not User.objects.exists()


def test_a_forgotten_password_is_replaced(client: Client, user: User) -> None:
    new = "another pass phrase"
    client.post("/accounts/password/reset/", {"email": EMAIL})
    client.post("/accounts/password/reset/confirm/", {"code": mailed_code()})
    client.post("/accounts/password/reset/complete/", {"password1": new, "password2": new})
    user.refresh_from_db()
    assert user.check_password(new)


def test_a_guessed_code_confirms_nothing(client: Client) -> None:
    form = {"email": EMAIL, "password1": PASSWORD, "password2": PASSWORD}
    client.post("/accounts/signup/", form)
    client.post("/accounts/confirm-email/", {"code": "AAAA-AAAA"})
    assert client.get("/").status_code == 302
    assert log_in(client) == 302


def test_whether_an_address_has_an_account_is_not_told(client: Client, user: User) -> None:
    answers = [
        client.post("/accounts/password/reset/", {"email": email})
        for email in (EMAIL, "nobody@example.com")
    ]
    assert answers[0].status_code == answers[1].status_code == 302
    assert answers[0]["Location"] == answers[1]["Location"]


def test_tries_are_limited(client: Client, user: User) -> None:
    for _ in range(10):
        log_in(client, "wrong")
    assert log_in(client) == 302


def test_a_login_from_another_site_is_refused(user: User) -> None:
    client = Client(enforce_csrf_checks=True)
    form = {"login": EMAIL, "password": PASSWORD}
    assert client.post("/accounts/login/", form).status_code == 403


def test_the_pages_are_strict_and_whole(client: Client, user: User) -> None:
    paths = ["login", "signup", "password/reset"]
    pages = [client.get(f"/accounts/{path}/") for path in paths]
    client.force_login(user)
    pages += [client.get(f"/accounts/{path}/") for path in ("email", "password/change", "logout")]
    for page in pages:
        assert page.status_code == 200
        assert "unsafe" not in page["Content-Security-Policy"]
        text = page.content.decode()
        assert '<html lang="en' in text
        assert not re.search(r"<script|<style|style=|onclick=", text)
        for name in re.findall(r"""href="/static/([^"]+)""", text):
            assert finders.find(name), name


def test_mail_goes_where_the_url_says() -> None:
    options = mailer("smtp+tls://ada:pass%2Fword@mail.example.com")["OPTIONS"]
    assert (options["host"], options["port"]) == ("mail.example.com", 587)
    assert (options["username"], options["password"]) == ("ada", "pass/word")
    assert (options["use_tls"], options["use_ssl"]) == (True, False)
    assert mailer("console:")["BACKEND"].endswith("console.EmailBackend")


@pytest.mark.parametrize("url", ["mail.example.com", "smtp://", "http://mail.example.com"])
def test_what_is_no_address_of_mail_is_refused(url: str) -> None:
    with pytest.raises(ImproperlyConfigured, match="EMAIL_URL"):
        mailer(url)
