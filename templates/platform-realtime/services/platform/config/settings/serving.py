"""How requests reach Django: by ASGI, and WebSockets before it."""

ASGI_APPLICATION = "config.live:application"
WEBSOCKETS = "websockets-sansio"
STATIC_FILES = "apps.core.static.StaticFilesMiddleware"
