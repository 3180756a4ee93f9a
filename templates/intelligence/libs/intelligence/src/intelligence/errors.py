"""What can go wrong, by what the caller can do about it."""
# ruff: noqa: N818 - named for what happened: `except Overloaded` reads better than OverloadedError


class IntelligenceError(Exception):
    """The base of every error that this package raises on purpose."""


class SettingError(IntelligenceError, ValueError):
    """An environment variable is missing or cannot be used. Its value is not repeated."""

    def __init__(self, variable: str, remedy: str) -> None:
        super().__init__(f"{variable} {remedy}")


class ModelError(IntelligenceError):
    """A model cannot be used: something of it is missing, or is not what it should be.

    Attributes:
        what: the file, package or setting.
        remedy: what an operator does about it.
    """

    def __init__(self, what: str, problem: str, remedy: str) -> None:
        super().__init__(f"{what}: {problem}; {remedy}")
        self.what = what
        self.remedy = remedy


class NotReady(IntelligenceError):
    """The engine is not warm yet, or was closed before it came to this request."""


class Overloaded(IntelligenceError):
    """The queue is full. Nothing was computed; try again later."""


class Expired(Overloaded):
    """The deadline passed while the request waited. Nothing was computed; try again later."""

    def __init__(self, timeout: float) -> None:
        super().__init__(f"the model did not come to it in {timeout:g} s")


class InputRefused(IntelligenceError):
    """The model does not read this input. Nothing was computed, nor would be at another time.

    Attributes:
        index: position of the text in the call; None where the model does not say which.
    """

    def __init__(self, message: str, index: int | None = None) -> None:
        super().__init__(message)
        self.index = index


class InputTooLarge(InputRefused):
    """A text is longer than the model reads: half a text would give a wrong answer that looks
    right.

    Attributes:
        tokens: its length, special tokens included.
        limit: what the model reads.
    """

    def __init__(self, index: int, tokens: int, limit: int) -> None:
        super().__init__(f"text {index} has {tokens} tokens, the model reads {limit}", index)
        self.tokens = tokens
        self.limit = limit


class InferenceFailed(IntelligenceError):
    """The model broke down while it ran; what it cost is `tokens`."""

    def __init__(self, tokens: int) -> None:
        super().__init__(f"the model failed on {tokens} tokens")
        self.tokens = tokens
