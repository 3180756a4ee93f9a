import signal
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor

import pytest

from intelligence.api.stopping import at_stop

type Said = list[int | str]


@pytest.fixture
def said() -> Iterator[Said]:
    """Of a server, which says the number of the signal that it gets."""
    numbers: Said = []
    before = signal.signal(signal.SIGTERM, lambda number, _: numbers.append(number))
    yield numbers
    signal.signal(signal.SIGTERM, before)


def test_a_signal_is_noticed_and_handed_on(said: Said) -> None:
    with at_stop(lambda: said.append("noticed")):
        signal.raise_signal(signal.SIGTERM)
    signal.raise_signal(signal.SIGTERM)
    assert said == ["noticed", signal.SIGTERM, signal.SIGTERM]


def test_what_is_ignored_is_noticed_alone(said: Said) -> None:
    signal.signal(signal.SIGTERM, signal.SIG_IGN)
    with at_stop(lambda: said.append("noticed")):
        signal.raise_signal(signal.SIGTERM)
    assert said == ["noticed"]


def test_in_another_thread_nothing_is_noticed(said: Said) -> None:
    def stop() -> None:
        with at_stop(lambda: said.append("noticed")):
            signal.raise_signal(signal.SIGTERM)

    with ThreadPoolExecutor() as pool:
        pool.submit(stop).result()
    assert said == [signal.SIGTERM]
