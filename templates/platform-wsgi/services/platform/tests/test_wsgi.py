import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent


def test_unsafe_settings_are_refused_without_a_trace() -> None:
    command = [sys.executable, "-m", "gunicorn", "config.wsgi"]
    done = subprocess.run(command, cwd=ROOT, env={}, capture_output=True, text=True, check=False)
    assert done.returncode == 1
    assert done.stderr.startswith("SECRET_KEY needs at least 32 random characters")
    assert "Traceback" not in done.stderr
