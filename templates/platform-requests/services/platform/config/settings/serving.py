"""How requests reach Django: by WSGI, in development as in production."""

WSGI_APPLICATION = "config.wsgi.application"
STATIC_FILES = "whitenoise.middleware.WhiteNoiseMiddleware"
