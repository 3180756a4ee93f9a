import subprocess
import sys
from io import StringIO
from pathlib import Path
from unittest import mock

import pytest
from django.apps import apps
from django.core.management import CommandError, call_command
from pytest_django import Settings

ROOT = Path(__file__).resolve().parent.parent


@pytest.mark.django_db
def test_a_model_without_a_migration_is_found() -> None:
    state = apps.get_model("accounts", "User")._meta
    with (
        mock.patch.object(state.get_field("email"), "max_length", 99),
        pytest.raises(SystemExit),
    ):
        call_command("makemigrations", "--check", "--dry-run", stdout=StringIO())


@pytest.mark.django_db
def test_models_and_migrations_agree() -> None:
    call_command("makemigrations", "--check", "--dry-run", stdout=StringIO())


@pytest.mark.django_db
def test_seeding_twice_says_the_same(settings: Settings) -> None:
    settings.DEBUG = True
    said = [StringIO(), StringIO()]
    for out in said:
        call_command("seed", stdout=out)
    assert said[0].getvalue() == said[1].getvalue()
    assert "http://127.0.0.1:8000/" in said[0].getvalue()


def test_production_is_not_seeded() -> None:
    with pytest.raises(CommandError, match="development"):
        call_command("seed")


def test_unsafe_settings_are_refused_without_a_trace() -> None:
    command = [sys.executable, "manage.py", "migrate"]
    done = subprocess.run(command, cwd=ROOT, env={}, capture_output=True, text=True, check=False)
    assert done.returncode == 1
    assert done.stderr.startswith("SECRET_KEY needs at least 32 random characters")
    assert "Traceback" not in done.stderr
