"""Settings of a model, from environment variables. An empty one counts as unset."""

from collections.abc import Mapping

from intelligence.errors import SettingError


def number(environ: Mapping[str, str], name: str, default: int, *, least: int = 1) -> int:
    """Raises SettingError for what is no whole number, or below `least`."""
    value = environ.get(name) or str(default)
    if not value.isdecimal() or int(value) < least:
        raise SettingError(name, f"must be a whole number of at least {least}")
    return int(value)
