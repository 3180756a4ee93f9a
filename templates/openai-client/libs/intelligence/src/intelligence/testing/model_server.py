"""A model server for tests: a second process of a service.

It is the production server, on the embedded model unless it is told otherwise, with a database and
an API key of its own; what it records shows that it was asked.
"""

import json
import os
import socket
import sqlite3
import subprocess
import time
import urllib.error
import urllib.request
from collections.abc import Iterator, Mapping
from contextlib import closing, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from intelligence.testing.edge import NONE

KEY = "a-key-of-the-second-process-alone"
GUARD = 120.0  # seconds, against a hang


@dataclass(frozen=True, slots=True)
class ModelServer:
    address: str
    database: Path

    @property
    def environ(self) -> Mapping[str, str]:
        """What makes a service ask this server; which models, is left open."""
        return {
            "AI_BACKEND": "openai",
            "OPENAI_BASE_URL": f"{self.address}/v1",
            "OPENAI_API_KEY": KEY,
            "AI_ALLOWED_HOSTS": "127.0.0.1",
        }

    def read(self, method: str, path: str, body: object = None) -> bytes:
        """What it answers, to the end. Raises HTTPError."""
        headers = {"Authorization": f"Bearer {KEY}", "Content-Type": "application/json"}
        data = None if body is None else json.dumps(body).encode()
        request = urllib.request.Request(self.address + path, data, headers, method=method)
        with urllib.request.urlopen(request, timeout=GUARD) as response:
            content: bytes = response.read()
            return content

    def call(self, method: str, path: str, body: object = None) -> Any:
        """What it answers in JSON. Raises HTTPError."""
        return json.loads(self.read(method, path, body))

    def recorded(self, operation: str) -> list[tuple[int, int]]:
        """The tokens read and written by each call of it, as far as that is written down."""
        query = """SELECT input_tokens, output_tokens FROM usage_record
            WHERE key_id IS NOT NULL AND operation = ? ORDER BY id"""
        with closing(sqlite3.connect(self.database)) as database:
            return list(database.execute(query, [operation]))

    def calls(self, operation: str) -> int:
        """How often it was asked for it, likewise."""
        return len(self.recorded(operation))

    def is_called(self, operation: str, times: int) -> bool:
        """Whether so many calls have been written down, which is done behind the answers."""
        end = time.monotonic() + GUARD
        while (calls := self.calls(operation)) < times and time.monotonic() < end:
            time.sleep(0.1)
        return calls == times


@contextmanager
def running(folder: Path, environ: Mapping[str, str] = NONE) -> Iterator[ModelServer]:
    """Of the service whose recipes are found from here, until the block ends.

    Args:
        folder: for its database.
        environ: what differs for it from a server on the embedded model.
    """
    database, port = folder / "second.sqlite3", _free_port()
    environ = {
        "PATH": os.environ["PATH"],
        "APP_ENV": "development",
        "AI_BACKEND": "embedded",
        "DATABASE_URL": f"sqlite:///{database}",
        "DEV_API_KEY": KEY,
        "HOST": "127.0.0.1",
        "PORT": str(port),
        "WEB_CONCURRENCY": "1",
        **environ,
    }
    for recipe in ("migrate", "seed"):
        subprocess.run(["just", recipe], env=environ, check=True, timeout=GUARD)
    process = subprocess.Popen(["just", "run"], env=environ)
    server = ModelServer(f"http://127.0.0.1:{port}", database)
    try:
        _wait_for(process, f"{server.address}/readyz")
        yield server
    finally:
        process.terminate()
        process.wait(GUARD)


def _free_port() -> int:
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        port: int = listener.getsockname()[1]
        return port


def _wait_for(process: subprocess.Popen[bytes], url: str) -> None:
    end = time.monotonic() + GUARD
    while time.monotonic() < end and process.poll() is None:
        try:
            urllib.request.urlopen(url, timeout=GUARD).close()
        except urllib.error.URLError:
            time.sleep(0.1)
        else:
            return
    pytest.fail("the second process does not serve")
