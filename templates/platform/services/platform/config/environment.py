"""The environment's variables. An empty one counts as unset.

`APP_ENV` unset means production: forgetting a variable never opens a door.
"""

import os

from django.core.exceptions import ImproperlyConfigured

SETTINGS = {
    "production": "config.settings.production",
    "development": "config.settings.local",
    "test": "config.settings.test",
}


def text(name: str, default: str = "") -> str:
    return os.environ.get(name) or default


def number(name: str, default: int, *, least: int = 1) -> int:
    """Raises ImproperlyConfigured for what is no whole number, or below `least`."""
    value = text(name, str(default))
    if not value.isdecimal() or int(value) < least:
        raise ImproperlyConfigured(f"{name} must be a whole number of at least {least}")
    return int(value)


def settings_module() -> str:
    """The settings of the environment that `APP_ENV` names."""
    environment = text("APP_ENV", "production")
    if environment not in SETTINGS:
        raise ImproperlyConfigured(f"APP_ENV must be one of {', '.join(SETTINGS)}")
    return SETTINGS[environment]
