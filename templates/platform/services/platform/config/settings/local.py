"""Development, on one's own machine."""

from config.environment import text
from config.settings.base import *  # noqa: F403
from config.settings.base import LOGGING

DEBUG = True
SECRET_KEY = text("SECRET_KEY", "for-development-alone")
ALLOWED_HOSTS = ["localhost", "127.0.0.1", "[::1]"]
LOGGING["handlers"]["stderr"]["formatter"] = "line"
