import os
import subprocess
import sys
from pathlib import Path
from subprocess import PIPE

from config.database import database

ROOT = Path(__file__).resolve().parent.parent

WRITE = """
import sys
import django
django.setup()
from apps.accounts.models import User
from django.db import transaction
print("ready", flush=True)
sys.stdin.readline()
for number in range(200):
    with transaction.atomic():
        User.objects.count()
        User.objects.create_user(f"{number}@{who}.example.com")
"""


def test_two_processes_write_to_one_sqlite_file_without_an_error(tmp_path: Path) -> None:
    """Each reads before it writes: without the lock taken first, the write would fail at once."""
    env = os.environ | {
        "DJANGO_SETTINGS_MODULE": "config.settings.test",
        "TEST_DATABASE_URL": f"sqlite:///{tmp_path}/shared.sqlite3",
    }
    migrate = [sys.executable, "manage.py", "migrate", "--verbosity", "0"]
    subprocess.run(migrate, cwd=ROOT, env=env, check=True)
    writers = [
        subprocess.Popen(
            [sys.executable, "-c", f"who = {who!r}\n{WRITE}"],
            cwd=ROOT,
            env=env,
            stdin=PIPE,
            stdout=PIPE,
            stderr=PIPE,
            text=True,
        )
        for who in ("one", "two")
    ]
    for writer in writers:
        assert writer.stdout is not None
        assert writer.stdout.readline() == "ready\n"
    for writer in writers:  # so that they write at the same time
        assert writer.stdin is not None
        writer.stdin.write("go\n")
        writer.stdin.flush()
    said = [writer.communicate(timeout=120)[1] for writer in writers]
    assert [writer.returncode for writer in writers] == [0, 0], "".join(said)


def test_a_process_keeps_its_connections_to_postgresql_and_bounds_them() -> None:
    settings = database("postgresql://ada:secret@db.example.com/app", connections=7)
    assert settings["ENGINE"] == "django.db.backends.postgresql"
    assert (settings["HOST"], settings["NAME"]) == ("db.example.com", "app")
    assert settings["OPTIONS"]["pool"]["max_size"] == 7


def test_a_platforms_form_of_the_url_is_taken() -> None:
    settings = database("postgres://db.example.com/app", connections=1)
    assert settings["ENGINE"] == "django.db.backends.postgresql"
