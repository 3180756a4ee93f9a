"""A Redis server of the tests' own: a free port, nothing kept, stopped by its pid.

Debian's `redis-server`, which `tests/setup.sh` installs and does not start. Run as a program it prints the version that
the tests would use, or fails.
"""

import shutil
import socket
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from processes import free_port, until

GUARD = 60  # seconds, after which something hangs


def program() -> str:
    if found := shutil.which("redis-server"):
        return found
    raise FileNotFoundError("redis-server is not installed: tests/setup.sh does it")


def _answers(port: int) -> bool:
    try:
        with socket.create_connection(("127.0.0.1", port), GUARD) as connection:
            connection.sendall(b"PING\r\n")
            return connection.recv(16).startswith(b"+PONG")
    except OSError:
        return False


@contextmanager
def redis() -> Iterator[str]:
    """Starts a server, which ends with the block; gives its URL."""
    with tempfile.TemporaryDirectory(prefix="groundplan-redis-") as folder:
        port, log = free_port(), Path(folder) / "log"
        with log.open("w") as output:
            process = subprocess.Popen(
                [program(), "--port", str(port), "--bind", "127.0.0.1", "--save", "", "--appendonly", "no"],
                cwd=folder, stdin=subprocess.DEVNULL, stdout=output, stderr=output,
            )
        try:
            until(lambda: _answers(port), "Redis answers", alive=process, log=log)
            yield f"redis://127.0.0.1:{port}/0"
        finally:
            process.terminate()
            try:
                process.wait(GUARD)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()


if __name__ == "__main__":
    try:
        print(subprocess.run([program(), "--version"], capture_output=True, text=True, check=True).stdout.strip())
    except (FileNotFoundError, subprocess.CalledProcessError) as error:
        sys.exit(str(error))
