"""The model, and the API that asks it."""

import os

from django.core.exceptions import ImproperlyConfigured

from config.environment import number, text
from intelligence import backend
from intelligence.errors import SettingError

try:
    LOAD_MODEL = backend.configured(os.environ)
except SettingError as error:
    raise ImproperlyConfigured(str(error)) from None

DEV_API_KEY = text("DEV_API_KEY")
RATE_LIMIT = number("RATE_LIMIT", 6000, least=0)  # requests a minute of one key; 0: any number
METRICS_PORT = number("METRICS_PORT", 0, least=0)  # 0: nothing is measured
if METRICS_PORT and (processes := number("WEB_CONCURRENCY", 1)) > 1:
    raise ImproperlyConfigured(
        f"METRICS_PORT is one process's, not {processes}: set WEB_CONCURRENCY to 1 and start more "
        "containers, or leave METRICS_PORT unset"
    )

INFERENCE_QUEUE = number("INFERENCE_QUEUE", 0, least=0)  # 0: as fits the server, `apps.api.engine`
INFERENCE_TIMEOUT = number("INFERENCE_TIMEOUT", 30)  # seconds

DATA_UPLOAD_MAX_MEMORY_SIZE = 1024 * 1024  # bytes
