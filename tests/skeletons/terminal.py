"""A pseudo-terminal for a program of the tests, with Ctrl-C."""

import os
import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path


class Terminal:
    def __init__(self, name: str, keyboard: int) -> None:
        self._name = name
        self._keyboard = keyboard

    def attach(self, command: Sequence[str | Path]) -> list[str | Path]:
        """The command that runs `command` on this terminal, to be started in a session of its own."""
        # The first process of a session that opens a terminal gets it as the session's own.
        return ["sh", "-c", 'tty=$1; shift; exec "$@" <>"$tty" >&0 2>&1', "sh", self._name, *command]

    def press_ctrl_c(self) -> None:
        os.write(self._keyboard, b"\x03")


@contextmanager
def terminal(log: Path) -> Iterator[Terminal]:
    """What is written on the terminal goes to `log`."""
    outer, inner = os.openpty()

    def copy() -> None:
        with log.open("wb", buffering=0) as file:
            while True:
                try:
                    file.write(os.read(outer, 65536))
                except OSError:  # the last one hung up
                    return

    log.touch()
    copying = threading.Thread(target=copy)
    copying.start()
    try:
        yield Terminal(os.ttyname(inner), outer)
    finally:
        os.close(inner)
        copying.join()
        os.close(outer)
