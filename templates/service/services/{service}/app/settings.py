"""Configuration, read from environment variables and nothing else.

`APP_ENV` unset means production: forgetting a variable never opens a door.
"""

import os
from collections.abc import Callable
from importlib import util
from pathlib import Path
from typing import Annotated, Any, Literal, Self

from pydantic import (
    NonNegativeInt,
    PlainValidator,
    PositiveFloat,
    PositiveInt,
    PrivateAttr,
    SecretStr,
    model_validator,
)
from pydantic_settings import BaseSettings, NoDecode, SettingsConfigDict
from sqlalchemy import URL, make_url
from sqlalchemy.exc import ArgumentError

from intelligence import backend
from intelligence.ports import Embedder

ROOT = Path(__file__).resolve().parent.parent
UNSET_SECRET = "change-me"  # noqa: S105 - the placeholder that production refuses
MIN_SECRET_LENGTH = 32

ASYNC_DRIVERS = {
    "sqlite": "sqlite+aiosqlite",
    "postgres": "postgresql+asyncpg",
    "postgresql": "postgresql+asyncpg",
}


def async_url(value: str | URL) -> URL:
    """Names the async driver in a URL as platforms hand it out, e.g. `postgres://…`."""
    try:
        url = make_url(value)
    except ArgumentError:
        raise ValueError("not a URL such as postgresql://USER:PASSWORD@HOST/NAME") from None
    if url.get_backend_name() not in ASYNC_DRIVERS:
        raise ValueError(f"{url.get_backend_name()} is neither sqlite nor postgresql")
    return url.set(drivername=ASYNC_DRIVERS.get(url.drivername, url.drivername))


class Settings(BaseSettings):
    """Field `secret_key` is read from `SECRET_KEY`, and so on; an empty variable counts as unset.

    Attributes:
        secret_key: keys the hashes of API keys; changing it revokes every key.
        database_url: SQLite or PostgreSQL.
        dev_api_key: the key that `python -m app seed` stores in development.
        forwarded_allow_ips: addresses and networks of proxies whose `X-Forwarded-*` headers are
            believed; a service behind TLS that believes none takes itself for one over plain HTTP,
            and all callers for one. With `*` a caller can name any address as its own.
        web_concurrency: server processes in this container; uvicorn reads the same variable.
        replicas: containers that serve at the same time.
        metrics_port: where this process shows Prometheus its figures, to whoever can reach it.
        otel_exporter_otlp_endpoint: where traces and metrics go; empty: nowhere.
        rate_limit: requests a minute that one API key may send to this process; 0: any number.
        inference_queue: requests that may wait for the model; further ones are refused with 503.
        inference_timeout: seconds that a request may wait for the model; then it gets 503, too.
    """

    model_config = SettingsConfigDict(env_ignore_empty=True, frozen=True, hide_input_in_errors=True)

    app_env: Literal["production", "development", "test"] = "production"
    secret_key: SecretStr = SecretStr(UNSET_SECRET)
    database_url: Annotated[URL, NoDecode, PlainValidator(async_url)] = async_url(
        f"sqlite:///{ROOT}/var/service.sqlite3"
    )
    dev_api_key: SecretStr | None = None
    host: str = "127.0.0.1"
    port: int = 8000
    forwarded_allow_ips: str = "127.0.0.1"
    web_concurrency: PositiveInt = 1
    replicas: PositiveInt = 1
    metrics_port: PositiveInt | None = None
    otel_exporter_otlp_endpoint: str = ""
    rate_limit: NonNegativeInt = 6000
    inference_queue: PositiveInt = 256
    inference_timeout: PositiveFloat = 30

    _load_model: Callable[[], Embedder[Any]] = PrivateAttr()

    @property
    def load_model(self) -> Callable[[], Embedder[Any]]:
        """Opens the model, whose own settings `intelligence.backend` reads."""
        return self._load_model

    @model_validator(mode="after")
    def model_is_configured(self) -> Self:
        self._load_model = backend.configured(os.environ)  # SettingError is a ValueError
        return self

    @model_validator(mode="after")
    def metrics_have_one_process(self) -> Self:
        if self.metrics_port is not None and self.web_concurrency > 1:
            raise ValueError(
                f"METRICS_PORT is one process's, not {self.web_concurrency}: set WEB_CONCURRENCY "
                "to 1 and start more containers, or leave METRICS_PORT unset"
            )
        return self

    @model_validator(mode="after")
    def telemetry_can_be_sent(self) -> Self:
        if not self.otel_exporter_otlp_endpoint:
            return self
        if not self.otel_exporter_otlp_endpoint.startswith(("http://", "https://")):
            raise ValueError("OTEL_EXPORTER_OTLP_ENDPOINT is an address such as http://HOST:4318")
        if util.find_spec("opentelemetry.sdk") is None:
            raise ValueError(
                "OTEL_EXPORTER_OTLP_ENDPOINT needs OpenTelemetry's SDK: install with "
                "`uv sync --extra telemetry`, or leave it unset"
            )
        return self

    @model_validator(mode="after")
    def production_is_safe(self) -> Self:
        if self.app_env != "production":
            return self
        secret = self.secret_key.get_secret_value()
        if secret == UNSET_SECRET or len(secret) < MIN_SECRET_LENGTH:
            raise ValueError(
                f"SECRET_KEY needs at least {MIN_SECRET_LENGTH} random characters, for example of "
                "`openssl rand -hex 32`; only APP_ENV=development does without"
            )
        processes = self.web_concurrency * self.replicas
        if processes > 1 and self.database_url.get_backend_name() == "sqlite":
            raise ValueError(
                f"SQLite serves one process, not {processes}: point DATABASE_URL at PostgreSQL, "
                "or set WEB_CONCURRENCY and REPLICAS to 1"
            )
        return self
