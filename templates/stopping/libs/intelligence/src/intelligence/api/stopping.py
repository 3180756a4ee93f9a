"""The end of a server's process, noticed beside the server."""

import signal
import threading
from collections.abc import Callable, Generator
from contextlib import contextmanager
from types import FrameType


@contextmanager
def at_stop(notice: Callable[[], object]) -> Generator[None]:
    """Calls `notice` at SIGTERM and SIGINT while the block runs, before the server's own handlers.

    Signals come to the main thread alone: in another one, as in tests, nothing is noticed.
    """
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    servers = {each: signal.getsignal(each) for each in (signal.SIGTERM, signal.SIGINT)}

    def stop(number: int, frame: FrameType | None) -> None:
        notice()
        handle = servers[signal.Signals(number)]
        if callable(handle):
            handle(number, frame)

    for each in servers:
        signal.signal(each, stop)
    try:
        yield
    finally:
        for each, handle in servers.items():
            signal.signal(each, handle)
