"""What features add to `python -m app`."""

import argparse
from collections.abc import Callable, Coroutine
from typing import Any

from app.settings import Settings

type Command = Callable[[argparse.Namespace, Settings], int | Coroutine[Any, Any, int]]
type Commands = argparse._SubParsersAction[argparse.ArgumentParser]

# Each adds commands, whose default `run` is a Command: complete when the features are imported.
COMMANDS: list[Callable[[Commands], None]] = []
