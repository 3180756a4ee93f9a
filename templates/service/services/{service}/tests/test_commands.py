from pathlib import Path

import pytest
import uvicorn

from app.__main__ import main
from app.keys import SCOPES

SCOPE = min(SCOPES)


def listed(capsys: pytest.CaptureFixture[str], key_id: str) -> list[str]:
    """What `keys list` says of a key: state, use, scopes and name; nothing if it is not there."""
    capsys.readouterr()
    assert main(["keys", "list"]) == 0
    lines = [line.split("\t") for line in capsys.readouterr().out.splitlines()]
    return next((said for listed_id, *said in lines if listed_id == key_id), [])


def test_a_key_is_issued_listed_and_revoked(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["keys", "issue", "--name", "Ada", "--scope", SCOPE, "--days", "1"]) == 0
    key = capsys.readouterr().out.strip()
    key_id = key[:15]
    assert listed(capsys, key_id) == ["usable", "never used", SCOPE, "Ada"]
    assert main(["keys", "revoke", key_id]) == 0
    assert listed(capsys, key_id)[0] == "revoked"
    assert main(["keys", "list"]) == 0
    assert key not in capsys.readouterr().out
    assert main(["keys", "revoke", key_id]) == 1
    assert key_id in capsys.readouterr().err


def test_seeding_twice_gives_one_key_and_prints_it(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("DEV_API_KEY", "only-for-tests")
    assert main(["seed"]) == main(["seed"]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert lines[0] == lines[1]
    assert lines[0].startswith("http://127.0.0.1:8000/docs")
    assert lines[0].endswith("API key: only-for-tests")
    assert listed(capsys, "ak_development")[2] == " ".join(sorted(SCOPES))


def test_a_key_for_a_scope_that_opens_nothing_is_not_issued(
    capsys: pytest.CaptureFixture[str],
) -> None:
    with pytest.raises(SystemExit):
        main(["keys", "issue", "--name", "Ada", "--scope", "inferense"])
    assert "invalid choice: 'inferense'" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("option", "value", "reason"),
    [
        ("--name", " ", "1 to 100 characters"),
        ("--name", "x" * 101, "1 to 100 characters"),
        ("--days", "0", "1 to 3650"),
        ("--days", "-1", "1 to 3650"),
        ("--days", "99999999999", "1 to 3650"),
    ],
)
def test_a_key_that_could_not_be_stored_or_used_is_not_issued(
    capsys: pytest.CaptureFixture[str], option: str, value: str, reason: str
) -> None:
    with pytest.raises(SystemExit):
        main(["keys", "issue", "--name", "Ada", "--scope", SCOPE, f"{option}={value}"])
    shown = capsys.readouterr()
    assert (shown.out, reason in shown.err) == ("", True)


KEY = "made-elsewhere-and-long-enough-to-be-a-key"
PUT = ["keys", "put", "ak_billing", "BILLING_KEY", "--name", "billing", "--scope", SCOPE]


def test_a_key_that_was_made_elsewhere_is_stored_and_replaced(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    for key in (KEY, KEY, KEY.upper()):
        monkeypatch.setenv("BILLING_KEY", key)
        assert main(PUT) == 0
    assert listed(capsys, "ak_billing") == ["usable", "never used", SCOPE, "billing"]


def test_a_revoked_key_is_not_stored_again(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("BILLING_KEY", KEY)
    assert main(PUT) == main(["keys", "revoke", "ak_billing"]) == 0
    assert main(PUT) == 1
    assert "ak_billing was revoked: give BILLING_KEY another value" in capsys.readouterr().err
    monkeypatch.setenv("BILLING_KEY", KEY.upper())
    assert main(PUT) == 0
    assert listed(capsys, "ak_billing")[0] == "usable"


@pytest.mark.parametrize("value", [None, "", "change-me"])
def test_a_key_that_could_be_guessed_is_not_stored(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, value: str | None
) -> None:
    if value is not None:
        monkeypatch.setenv("GUESSED_KEY", value)
    assert main(["keys", "put", "ak_guessed", "GUESSED_KEY", *PUT[4:]]) == 1
    assert "GUESSED_KEY needs at least 32 random characters" in capsys.readouterr().err
    assert listed(capsys, "ak_guessed") == []


@pytest.mark.parametrize("key_id", ["billing", "ak_", "ak_Billing", "ak_" + "x" * 18])
def test_a_key_has_an_id_that_can_be_told_from_others(
    capsys: pytest.CaptureFixture[str], key_id: str
) -> None:
    with pytest.raises(SystemExit):
        main([*PUT[:2], key_id, *PUT[3:]])
    assert "up to 17 small letters or digits" in capsys.readouterr().err


def test_a_database_without_tables_is_told_without_a_trace(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("DATABASE_URL", f"sqlite:///{tmp_path}/new.sqlite3")
    with pytest.raises(SystemExit, match="alembic upgrade heads"):
        main(["keys", "list"])


def test_a_revoked_key_of_development_is_not_seeded_again(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("DEV_API_KEY", "revoked-in-tests")
    assert main(["seed"]) == main(["keys", "revoke", "ak_development"]) == 0
    assert main(["seed"]) == 1
    assert "DEV_API_KEY was revoked" in capsys.readouterr().err


def test_production_is_not_seeded(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("DEV_API_KEY", "only-for-tests")
    monkeypatch.setenv("APP_ENV", "production")
    monkeypatch.setenv("SECRET_KEY", "x" * 32)
    assert main(["seed"]) == 1
    assert "only-for-tests" not in capsys.readouterr().out


def test_contracts_are_written_then_checked(
    capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    folder = str(tmp_path)
    assert main(["openapi", folder, "--check"]) == 1
    assert "service.json differs" in capsys.readouterr().out
    assert main(["openapi", folder]) == 0
    assert main(["openapi", folder, "--check"]) == 0


def test_the_server_hides_its_name_and_bounds_its_shutdown(monkeypatch: pytest.MonkeyPatch) -> None:
    given: dict[str, object] = {}
    monkeypatch.setattr(uvicorn, "run", lambda app, **options: given.update(options, app=app))
    monkeypatch.setenv("PORT", "8123")
    assert main(["serve", "--reload"]) == 0
    assert given["app"] == "app.main:create_app"
    assert (given["port"], given["reload"], given["server_header"]) == (8123, True, False)
    assert given["timeout_graceful_shutdown"]


def test_the_server_starts_without_a_warning(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """uvicorn warns of options that have no effect as it reads them."""
    monkeypatch.setattr(uvicorn, "run", uvicorn.Config)
    assert main(["serve"]) == 0
    assert capsys.readouterr().err == ""


def test_unsafe_settings_are_named_without_a_trace(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("APP_ENV")
    assert main(["serve"]) == 1
    assert capsys.readouterr().err.startswith("SECRET_KEY needs at least 32 random characters")


def test_a_setting_of_the_wrong_form_is_named_as_it_was_set(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("DATABASE_URL", "nonsense")
    assert main(["serve"]) == 1
    assert capsys.readouterr().err.startswith("DATABASE_URL: not a URL such as postgresql://")
