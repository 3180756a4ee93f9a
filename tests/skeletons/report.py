"""What passed and what failed, told as it happens, of scenarios that run side by side."""

import threading
import time
import traceback
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager

# `with step("just test"):` is one fact; it passes when its block ends.
Steps = Callable[[str], AbstractContextManager[None]]


class Broken(Exception):
    """A step failed and was told: what follows in its scenario rests on it."""


class Report:
    def __init__(self) -> None:
        self.passed = 0
        self.failed = 0
        self._lock = threading.Lock()

    def of(self, scenario: str) -> Steps:
        @contextmanager
        def step(name: str) -> Iterator[None]:
            start = time.monotonic()
            try:
                yield
            except Exception as error:
                said = str(error) if isinstance(error, AssertionError) and str(error) else traceback.format_exc()
                with self._lock:
                    self.failed += 1
                    print(f"{scenario} · {name} ... FAILED\n{said}", flush=True)
                raise Broken from error
            with self._lock:
                self.passed += 1
                print(f"{scenario} · {name} ... ok ({time.monotonic() - start:.1f} s)", flush=True)

        return step

    def close(self) -> int:
        """Prints the closing line; returns the exit code. Nothing run is a failure."""
        print(f"{self.passed} passed, {self.failed} failed", flush=True)
        return 1 if self.failed or not self.passed else 0
