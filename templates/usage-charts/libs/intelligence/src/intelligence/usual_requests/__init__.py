"""What is usually asked here, for made-up usage: a module for each thing that this project does."""

from collections.abc import Iterator
from importlib import import_module
from pkgutil import iter_modules

from intelligence.usual import Usual


def _usual() -> Iterator[Usual]:
    for name in sorted(module.name for module in iter_modules(__path__)):
        yield from import_module(f"{__name__}.{name}").OPERATIONS


OPERATIONS = tuple(_usual())
