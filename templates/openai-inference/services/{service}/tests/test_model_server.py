"""The inference contract with AI_BACKEND=openai, on a second process of this service itself.

That process is the production server on the embedded model, with a database and an API key of its
own; what it records shows that it was asked.
"""

import os
import socket
import sqlite3
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest

MODEL = "all-minilm-l6-v2-int8"
KEY = "a-key-of-the-second-process-alone"
GUARD = 120.0  # seconds, against a hang


def free_port() -> int:
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        port: int = listener.getsockname()[1]
        return port


def wait_for(server: subprocess.Popen[bytes], url: str) -> None:
    end = time.monotonic() + GUARD
    while time.monotonic() < end and server.poll() is None:
        try:
            urllib.request.urlopen(url, timeout=GUARD).close()
        except urllib.error.URLError:
            time.sleep(0.1)
        else:
            return
    pytest.fail("the second process does not serve")


@pytest.fixture
def database(tmp_path: Path) -> Path:
    return tmp_path / "second.sqlite3"


@pytest.fixture
def address(database: Path) -> Iterator[str]:
    port = free_port()
    environ = {
        "PATH": os.environ["PATH"],
        "APP_ENV": "development",
        "AI_BACKEND": "embedded",
        "DATABASE_URL": f"sqlite:///{database}",
        "DEV_API_KEY": KEY,
        "HOST": "127.0.0.1",
        "PORT": str(port),
        "WEB_CONCURRENCY": "1",
    }
    for recipe in ("migrate", "seed"):
        subprocess.run(["just", recipe], env=environ, check=True, timeout=GUARD)
    server = subprocess.Popen(["just", "run"], env=environ)
    try:
        wait_for(server, f"http://127.0.0.1:{port}/readyz")
        yield f"http://127.0.0.1:{port}/v1"
    finally:
        server.terminate()
        server.wait(GUARD)


def test_the_contract_holds_on_a_model_server(address: str, database: Path) -> None:
    environ = {name: value for name, value in os.environ.items() if not name.startswith("TEST_")}
    environ |= {
        "TEST_AI_BACKEND": "openai",
        "TEST_OPENAI_BASE_URL": address,
        "TEST_OPENAI_API_KEY": KEY,
        "TEST_EMBEDDING_MODEL": MODEL,
        "TEST_AI_ALLOWED_HOSTS": "127.0.0.1",
    }
    command = [sys.executable, "-m", "pytest", "tests/test_inference.py::TestInference", "-q"]
    done = subprocess.run(command, env=environ, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout
    with closing(sqlite3.connect(database)) as second:
        (calls,) = second.execute("SELECT count(*) FROM usage_record WHERE key_id IS NOT NULL")
    assert calls[0] > 0
