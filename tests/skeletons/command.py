"""How a run on emitted projects opens and closes, whatever it does with them: its options, and the folder it works in."""

import argparse
import shutil
import signal
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from processes import end_all


def options(description: str | None, only: str) -> argparse.ArgumentParser:
    """With `--only TEXT`, which takes those of `only` that have it in their name, and `--keep`."""
    parser = argparse.ArgumentParser(description=description, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--only", default="", metavar="TEXT", help=f"{only} with this in their name")
    parser.add_argument("--keep", action="store_true", help="leave the projects where they were made")
    return parser


@contextmanager
def workplace(name: str, *, keep: bool) -> Iterator[Path]:
    """A folder for the projects. In the end, SIGTERM's too, nothing runs in it and, unless kept, nothing is left."""
    folder = Path(tempfile.mkdtemp(prefix=f"groundplan-{name}-"))
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))
    try:
        yield folder
    finally:
        end_all()
        if keep:
            print(f"kept: {folder}")
        else:
            shutil.rmtree(folder, ignore_errors=True)
