"""The platform is a caller like any other: it has an API key of its own, which opens inference.

In development both sides know that key by AI_SERVICE_KEY; in production `just key issue` makes it.
"""

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
    if key is not None:
        await keys.put("ak_platform", key.get_secret_value(), "platform", ["inference"])


def install(app: FastAPI, _: Settings) -> None:
    app.state.seeds.append(store)
