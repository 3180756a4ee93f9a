"""The API as an OpenAPI document; `intelligence.api.contracts` makes files of it."""

from typing import Any

from fastapi import FastAPI
from fastapi.openapi.utils import get_openapi

from intelligence.api.problems import add_schemas


def install(app: FastAPI) -> None:
    """Adds the schema that `responses` refers to; FastAPI knows no model for those."""

    def openapi() -> dict[str, Any]:
        if app.openapi_schema is None:
            schema = get_openapi(title=app.title, version=app.version, routes=app.routes)
            add_schemas(schema)
            app.openapi_schema = schema
        return app.openapi_schema

    # As FastAPI's documentation does it.
    app.openapi = openapi  # type: ignore[method-assign]
