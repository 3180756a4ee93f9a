"""Each environment's settings, imported anew under variables of the test's own."""

import sys
from importlib import import_module
from types import ModuleType

import pytest
from django.core.exceptions import ImproperlyConfigured

from config.environment import number, settings_module

SECRET = "0123456789abcdef0123456789abcdef"
READ = (
    "ALLOWED_HOSTS",
    "APP_ENV",
    "DATABASE_URL",
    "HOST",
    "PORT",
    "REPLICAS",
    "SECRET_KEY",
    "WEB_CONCURRENCY",
)


@pytest.fixture(autouse=True)
def nothing_set(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in READ:
        monkeypatch.delenv(name, raising=False)


@pytest.fixture
def safe(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SECRET_KEY", SECRET)
    monkeypatch.setenv("ALLOWED_HOSTS", "app.example.com, www.example.com")


def imported(monkeypatch: pytest.MonkeyPatch) -> ModuleType:
    for name in [name for name in sys.modules if name.startswith("config.settings.")]:
        monkeypatch.delitem(sys.modules, name)
    return import_module(settings_module())


@pytest.mark.parametrize("secret", [None, "", "change-me", "too-short"])
def test_production_refuses_a_weak_secret_and_is_what_an_unset_app_env_means(
    monkeypatch: pytest.MonkeyPatch, safe: None, secret: str | None
) -> None:
    if secret is None:
        monkeypatch.delenv("SECRET_KEY")
    else:
        monkeypatch.setenv("SECRET_KEY", secret)
    with pytest.raises(ImproperlyConfigured, match="SECRET_KEY"):
        imported(monkeypatch)


def test_production_refuses_to_serve_any_host(monkeypatch: pytest.MonkeyPatch, safe: None) -> None:
    monkeypatch.setenv("ALLOWED_HOSTS", " ,")
    with pytest.raises(ImproperlyConfigured, match="ALLOWED_HOSTS"):
        imported(monkeypatch)


def test_production_is_closed(monkeypatch: pytest.MonkeyPatch, safe: None) -> None:
    settings = imported(monkeypatch)
    assert settings.DEBUG is False
    assert settings.SECRET_KEY == SECRET
    assert settings.ALLOWED_HOSTS == ["app.example.com", "www.example.com"]
    assert settings.PASSWORD_HASHERS[0].endswith("Argon2PasswordHasher")
    assert settings.SESSION_COOKIE_SECURE
    assert settings.CSRF_COOKIE_SECURE


@pytest.mark.parametrize("variable", ["WEB_CONCURRENCY", "REPLICAS"])
def test_production_refuses_sqlite_for_several_processes(
    monkeypatch: pytest.MonkeyPatch, safe: None, variable: str
) -> None:
    monkeypatch.setenv(variable, "2")
    with pytest.raises(ImproperlyConfigured, match="SQLite serves one process, not 2"):
        imported(monkeypatch)
    monkeypatch.setenv("DATABASE_URL", "postgresql://somewhere/app")
    imported(monkeypatch)


def test_a_laptop_needs_no_secret(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("APP_ENV", "development")
    settings = imported(monkeypatch)
    assert settings.DEBUG
    assert "example.com" not in settings.ALLOWED_HOSTS
    assert settings.DATABASES["default"]["NAME"].endswith("/var/platform.sqlite3")


def test_a_misspelt_environment_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("APP_ENV", "developement")
    with pytest.raises(ImproperlyConfigured, match="production, development, test"):
        settings_module()


@pytest.mark.parametrize("value", ["no number", "0", "-1"])
def test_a_number_out_of_range_is_named(monkeypatch: pytest.MonkeyPatch, value: str) -> None:
    monkeypatch.setenv("PORT", value)
    with pytest.raises(ImproperlyConfigured, match="PORT"):
        number("PORT", 8000)
