"""Which browser origins may call the API; none unless `CORS_ORIGINS` names them.

The API takes a key in a header and no cookie, so credentials stay off.
"""

from typing import Annotated

from fastapi import FastAPI
from fastapi.middleware.cors import CORSMiddleware
from pydantic import BeforeValidator, Field
from pydantic_settings import BaseSettings, NoDecode, SettingsConfigDict

from app.settings import Settings

ORIGIN = r"^https?://[^/*\s]+$"


def split(value: str | list[str]) -> list[str]:
    return [each.strip() for each in value.split(",")] if isinstance(value, str) else value


class CorsSettings(BaseSettings):
    """`CORS_ORIGINS` as browsers send them, e.g. `https://app.example.com`, with commas between."""

    model_config = SettingsConfigDict(env_ignore_empty=True, frozen=True)

    cors_origins: Annotated[
        list[Annotated[str, Field(pattern=ORIGIN)]], NoDecode, BeforeValidator(split)
    ] = []


def install(app: FastAPI, _: Settings) -> None:
    app.add_middleware(
        CORSMiddleware,
        allow_origins=CorsSettings().cors_origins,
        allow_methods=["GET", "POST", "PUT", "PATCH", "DELETE"],
        allow_headers=["Authorization", "Content-Type", "Idempotency-Key", "X-Request-ID"],
        expose_headers=["Location", "Retry-After", "X-Request-ID"],
        max_age=3600,
    )
