"""The ASGI server, in development as in production."""

from typing import Any

import uvicorn
from django.conf import settings
from django.core.management.base import BaseCommand, CommandParser

GRACEFUL_SHUTDOWN = 20  # seconds that running requests have after SIGTERM


class Command(BaseCommand):
    help = "start the ASGI server"
    requires_system_checks = ()

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--reload", action="store_true", help="restart when the code changes")

    def handle(self, *_args: Any, reload: bool, **_options: Any) -> None:
        uvicorn.run(
            settings.ASGI_APPLICATION,
            host=settings.HOST,
            port=settings.PORT,
            reload=reload,
            reload_dirs=["apps", "config"] if reload else None,
            lifespan="on",
            ws=settings.WEBSOCKETS,
            log_config=None,  # Django's, which every process configures
            access_log=False,  # apps.core.middleware writes one that has the request's id
            proxy_headers=False,  # SECURE_PROXY_SSL_HEADER says which one is believed
            server_header=False,
            timeout_graceful_shutdown=GRACEFUL_SHUTDOWN,
        )
