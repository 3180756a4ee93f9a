"""How requests reach Django: by ASGI, over HTTP alone."""

ASGI_APPLICATION = "config.asgi:application"
WEBSOCKETS = "none"
STATIC_FILES = "apps.core.static.StaticFilesMiddleware"
