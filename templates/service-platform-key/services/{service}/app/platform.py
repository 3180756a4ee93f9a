"""The platform is a caller like any other: it has an API key of its own, which opens inference.

Both sides find that key in AI_SERVICE_KEY. `seed` stores it in development, in production
`python -m app keys put ak_platform AI_SERVICE_KEY --name platform --scope inference` does.
"""

import sys

from fastapi import FastAPI
from pydantic import SecretStr
from pydantic_settings import BaseSettings, SettingsConfigDict

from app.keys import ApiKeys
from app.settings import Settings


class PlatformKey(BaseSettings):
    model_config = SettingsConfigDict(env_ignore_empty=True, frozen=True, hide_input_in_errors=True)

    ai_service_key: SecretStr | None = None


async def store(keys: ApiKeys) -> None:
    """Does nothing where there is no platform to call, which is no error."""
    key = PlatformKey().ai_service_key
    if key is None:
        return
    if not await keys.put("ak_platform", key.get_secret_value(), "platform", ["inference"]):
        sys.exit("AI_SERVICE_KEY was revoked: give it another value")


def install(app: FastAPI, _: Settings) -> None:
    app.state.seeds.append(store)
