"""Accounts, by django-allauth: an e-mail address that was confirmed, and a password.

allauth limits how often one address or client may try. Each process counts alone, in its memory:
with several, put CACHES on a store that they share.
"""

from config.environment import text
from config.mail import mailer

AUTHENTICATION_BACKENDS = ["allauth.account.auth_backends.AuthenticationBackend"]
LOGIN_URL = "account_login"
LOGIN_REDIRECT_URL = "home"

ACCOUNT_LOGIN_METHODS = {"email"}
ACCOUNT_SIGNUP_FIELDS = ["email*", "password1*", "password2*"]
ACCOUNT_USER_MODEL_USERNAME_FIELD = None
# Codes, not links: one is read off a screen, and holds for the browser that asked alone.
ACCOUNT_EMAIL_VERIFICATION = "mandatory"
ACCOUNT_EMAIL_VERIFICATION_BY_CODE_ENABLED = True
ACCOUNT_PASSWORD_RESET_BY_CODE_ENABLED = True
ACCOUNT_LOGOUT_REDIRECT_URL = "account_login"

MAILERS = {"default": mailer(text("EMAIL_URL", "smtp://localhost"))}
DEFAULT_FROM_EMAIL = text("DEFAULT_FROM_EMAIL", "no-reply@localhost")
