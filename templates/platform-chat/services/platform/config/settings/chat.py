"""The model that answers, and how much it answers at a time."""

import os

from django.core.exceptions import ImproperlyConfigured

from config.environment import number
from intelligence.errors import SettingError
from intelligence.generation import backend

try:
    MAKE_GENERATOR = backend.configured(os.environ)
except SettingError as unusable:
    raise ImproperlyConfigured(str(unusable)) from None

CHAT_ANSWERS = number("CHAT_ANSWERS", 256)  # that may be written at a time
