"""Make .env from .env.example in the current folder, each `change-me` a random token of its own.

An existing .env is left as it is. A new one can be read by its owner alone.
"""

import os
import re
import secrets
from pathlib import Path


def fill(example: str) -> str:
    """Return `example` with 256 random bits, URL-safe, in place of every value `change-me`."""
    return re.sub(r"(?m)(?<==)change-me$", lambda _: secrets.token_urlsafe(32), example)


def main() -> None:
    text = fill(Path(".env.example").read_text(encoding="utf-8"))
    try:
        descriptor = os.open(".env", os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    except FileExistsError:
        return
    with os.fdopen(descriptor, "w", encoding="utf-8") as file:
        file.write(text)
    print("Made .env from .env.example, with secrets of its own.")


if __name__ == "__main__":
    main()
