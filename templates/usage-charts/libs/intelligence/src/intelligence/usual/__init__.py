"""What requests are usually like: each workload has a module here, with its `OPERATIONS`."""

from importlib import import_module
from pkgutil import iter_modules
from typing import NamedTuple


class Usual(NamedTuple):
    """A usual request of an operation, and its share of all.

    Attributes:
        read: input tokens.
        written: output tokens.
    """

    operation: str
    model: str
    share: int
    read: int
    written: int
    latency_ms: float


def operations() -> list[Usual]:
    """Of every workload that there is."""
    modules = [import_module(f"{__name__}.{each.name}") for each in iter_modules(__path__)]
    return [usual for module in modules for usual in module.OPERATIONS]
