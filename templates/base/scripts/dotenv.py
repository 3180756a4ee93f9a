"""Make .env from .env.example, each `change-me` in it a random token of its own.

An existing .env is never touched. The new one is readable by its owner alone.
"""

import os
import secrets
import sys
from pathlib import Path

PLACEHOLDER = "change-me"


def fill(example: str) -> str:
    """Return `example` with every value that is the placeholder replaced by 256 random bits."""
    lines = []
    for line in example.splitlines():
        name, separator, value = line.partition("=")
        if separator and not name.startswith("#") and value.strip() == PLACEHOLDER:
            line = f"{name}={secrets.token_urlsafe(32)}"
        lines.append(line)
    return "\n".join(lines) + "\n"


def write(directory: Path) -> bool:
    """Write `directory`/.env; False when there is one already.

    Raises FileNotFoundError when there is no .env.example.
    """
    text = fill((directory / ".env.example").read_text(encoding="utf-8"))
    try:
        descriptor = os.open(directory / ".env", os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    except FileExistsError:
        return False
    with os.fdopen(descriptor, "w", encoding="utf-8") as file:
        file.write(text)
    return True


if __name__ == "__main__":
    if write(Path(__file__).resolve().parent.parent):
        print("made .env from .env.example, with fresh secrets", file=sys.stderr)
