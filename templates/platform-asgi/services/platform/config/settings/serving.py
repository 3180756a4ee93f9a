"""How requests reach Django: by ASGI, see `config.asgi`."""

STATIC_FILES = "apps.core.static.StaticFilesMiddleware"
