"""`GET /v1/models`: what runs here, for clients that ask before they name a model."""

from django.http import HttpRequest
from ninja import Router

from apps.api.auth import ApiKey
from apps.api.engine import MODELS
from apps.api.root import api
from intelligence.api.asking import UnknownModel
from intelligence.api.models import Model, ModelList
from intelligence.api.problems import responses

router = Router(auth=ApiKey(), tags=["models"])


@router.get(
    "/models",
    summary="List the models",
    response=ModelList,
    openapi_extra={"responses": responses(401, 429, 503)},
)
def list_models(request: HttpRequest) -> ModelList:  # noqa: ARG001
    """Every model that answers here."""
    return ModelList.of(name() for name in MODELS)


@router.get(
    "/models/{path:name}",
    summary="Look for a model",
    response=Model,
    openapi_extra={"responses": responses(401, 404, 429, 503)},
)
def get_model(request: HttpRequest, name: str) -> Model:  # noqa: ARG001
    """Says that a model is here, and no more."""
    if name not in {each() for each in MODELS}:
        raise UnknownModel(f"there is no model {name!r} here")
    return Model(id=name)


api.add_router("/v1", router)
