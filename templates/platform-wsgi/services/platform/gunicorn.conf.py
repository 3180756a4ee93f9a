"""The production server: `gunicorn config.wsgi`.

Threads share what the process holds, so more load is served by more containers, not by workers.
"""

import os
import sys

import django
from django.conf import settings
from django.core.exceptions import ImproperlyConfigured

from config.environment import settings_module

try:
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", settings_module())
    django.setup()
except ImproperlyConfigured as error:
    sys.exit(str(error))

bind = f"{settings.HOST}:{settings.PORT}"
workers = settings.WEB_CONCURRENCY
threads = settings.THREADS
worker_class = "gthread"
graceful_timeout = 20  # seconds that running requests have after SIGTERM
control_socket_disable = True  # nothing here uses it, and the root may be read-only
# What gunicorn says goes the way of all logs.
settings.LOGGING["loggers"]["gunicorn.error"] = {"handlers": [], "propagate": True}
logconfig_dict = settings.LOGGING
