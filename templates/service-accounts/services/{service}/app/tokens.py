"""Tokens that say something and are signed (JWT, RFC 7519): who calls, or whose mail it was.

Each purpose has a key of its own, derived from SECRET_KEY, so that no token passes for another
kind. HS256, because this service alone makes and reads them.
"""

import hmac
from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any

import jwt
from pydantic import SecretStr

ALGORITHM = "HS256"


class Tokens:
    """Of one purpose.

    Args:
        purpose: what they are for; the audience in their claims.
        lifetime: how long one holds.
    """

    def __init__(self, secret_key: SecretStr, purpose: str, lifetime: timedelta) -> None:
        secret = secret_key.get_secret_value().encode()
        self._key = hmac.digest(secret, f"token:{purpose}".encode(), "sha256")
        self._purpose = purpose
        self.lifetime = lifetime

    def make(self, subject: str, now: datetime, **claims: str) -> str:
        own = {"aud": self._purpose, "sub": subject, "iat": now, "exp": now + self.lifetime}
        return jwt.encode(claims | own, self._key, ALGORITHM)

    def read(self, token: str, now: datetime) -> Mapping[str, Any] | None:
        """Its claims; None unless it is of this purpose, whole, and holds at `now`."""
        try:
            claims = jwt.decode(
                token,
                self._key,
                algorithms=[ALGORITHM],
                audience=self._purpose,
                # Times are held against `now`, below.
                options={
                    "require": ["sub", "exp", "aud"],
                    "verify_exp": False,
                    "verify_iat": False,
                },
            )
        except jwt.InvalidTokenError:
            return None
        return claims if now.timestamp() < claims["exp"] else None
