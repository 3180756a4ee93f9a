import subprocess
import sys
from importlib import import_module
from pathlib import Path

import pytest
from django.conf import settings

from apps.core.signals import server_starts

ROOT = Path(__file__).resolve().parent.parent


def test_unsafe_settings_are_refused_without_a_trace() -> None:
    command = [sys.executable, "-m", "gunicorn", "config.wsgi"]
    done = subprocess.run(command, cwd=ROOT, env={}, capture_output=True, text=True, check=False)
    assert done.returncode == 1
    assert done.stderr.startswith("SECRET_KEY needs at least 32 random characters")
    assert "Traceback" not in done.stderr


def test_what_starts_with_the_server_is_told_of_its_threads(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    told: list[int | None] = []

    def receive(*, threads: int | None, **_: object) -> None:
        told.append(threads)

    monkeypatch.setattr(server_starts, "receivers", [])
    server_starts.connect(receive)
    monkeypatch.delitem(sys.modules, "config.wsgi", raising=False)
    import_module("config.wsgi")
    assert told == [settings.THREADS]
