import pytest
from pydantic import ValidationError

from app.engine import build_engine
from app.settings import Settings

SECRET = "0123456789abcdef0123456789abcdef"


@pytest.fixture(autouse=True)
def nothing_set(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in Settings.model_fields:
        monkeypatch.delenv(name.upper(), raising=False)


@pytest.mark.parametrize("secret", [None, "", "change-me", "too-short"])
def test_production_refuses_a_weak_secret_and_is_what_an_unset_app_env_means(
    monkeypatch: pytest.MonkeyPatch, secret: str | None
) -> None:
    if secret is not None:
        monkeypatch.setenv("SECRET_KEY", secret)
    with pytest.raises(ValidationError, match="SECRET_KEY"):
        Settings()


def test_production_starts_with_a_secret(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SECRET_KEY", SECRET)
    assert Settings().app_env == "production"


@pytest.mark.parametrize("variable", ["WEB_CONCURRENCY", "REPLICAS"])
def test_production_refuses_sqlite_for_several_processes(
    monkeypatch: pytest.MonkeyPatch, variable: str
) -> None:
    monkeypatch.setenv("SECRET_KEY", SECRET)
    monkeypatch.setenv(variable, "2")
    with pytest.raises(ValidationError, match="SQLite serves one process"):
        Settings()
    monkeypatch.setenv("DATABASE_URL", "postgresql://somewhere/app")
    Settings()


def test_metrics_of_several_processes_are_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("APP_ENV", "test")
    monkeypatch.setenv("METRICS_PORT", "9100")
    assert Settings().metrics_port == 9100
    monkeypatch.setenv("WEB_CONCURRENCY", "2")
    with pytest.raises(ValidationError, match="METRICS_PORT is one process's, not 2"):
        Settings()


def test_a_setting_of_the_model_that_cannot_be_used_is_refused_as_any_other(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("APP_ENV", "test")
    monkeypatch.setenv("INFERENCE_THREADS", "two")
    with pytest.raises(ValidationError, match="INFERENCE_THREADS must be a whole number"):
        Settings()


@pytest.mark.parametrize("environment", ["development", "test"])
def test_a_laptop_needs_no_secret(monkeypatch: pytest.MonkeyPatch, environment: str) -> None:
    monkeypatch.setenv("APP_ENV", environment)
    Settings()


def test_the_engine_keeps_the_deadline_that_is_set(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("APP_ENV", "test")
    monkeypatch.setenv("INFERENCE_TIMEOUT", "2.5")
    assert build_engine(Settings()).timeout == 2.5


@pytest.mark.parametrize(
    ("given", "driver"),
    [
        ("postgres://u:p@host/db", "postgresql+asyncpg"),
        ("postgresql://u:p@host/db", "postgresql+asyncpg"),
        ("sqlite:////tmp/db", "sqlite+aiosqlite"),
        ("sqlite+aiosqlite:////tmp/db", "sqlite+aiosqlite"),
    ],
)
def test_database_urls_get_the_async_driver(
    monkeypatch: pytest.MonkeyPatch, given: str, driver: str
) -> None:
    monkeypatch.setenv("APP_ENV", "test")
    monkeypatch.setenv("DATABASE_URL", given)
    assert Settings().database_url.drivername == driver


@pytest.mark.parametrize(
    ("given", "reason"),
    [
        ("hunter2", "not a URL such as postgresql://"),
        ("mysql://user:hunter2@host/db", "mysql is neither sqlite nor postgresql"),
    ],
)
def test_a_database_url_that_cannot_work_is_refused_and_not_repeated(
    monkeypatch: pytest.MonkeyPatch, given: str, reason: str
) -> None:
    monkeypatch.setenv("APP_ENV", "test")
    monkeypatch.setenv("DATABASE_URL", given)
    with pytest.raises(ValidationError, match=reason) as refused:
        Settings()
    assert "hunter2" not in str(refused.value)


def test_neither_errors_nor_repr_show_secrets(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SECRET_KEY", SECRET)
    monkeypatch.setenv("DATABASE_URL", "postgresql://user:hunter2@host/db")
    shown = repr(Settings())
    monkeypatch.setenv("PORT", "no number")
    with pytest.raises(ValidationError) as refused:
        Settings()
    for secret in (SECRET, "hunter2"):
        assert secret not in shown
        assert secret not in str(refused.value)
