"""The WSGI application. Nothing here streams, and WSGI serves short requests at a lower cost."""

import os

from django.conf import settings
from django.core.wsgi import get_wsgi_application

from apps.core.signals import server_starts
from config.environment import settings_module

os.environ.setdefault("DJANGO_SETTINGS_MODULE", settings_module())
application = get_wsgi_application()
server_starts.send(sender=None, threads=settings.THREADS)
