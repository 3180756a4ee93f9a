"""`GET /v1/models`: what runs here, for clients that ask before they name a model."""

from typing import Annotated

from fastapi import APIRouter, Depends, Request

from app.keys import require
from intelligence.api.asking import UnknownModel
from intelligence.api.models import Model, ModelList
from intelligence.api.problems import responses

router = APIRouter(
    prefix="/v1",
    tags=["models"],
    dependencies=[Depends(require())],
    responses=responses(401, 429, 503),
)


async def model_names(request: Request) -> list[str]:
    """Raises NotReady."""
    return [name() for name in request.app.state.models]


ModelNamesDep = Annotated[list[str], Depends(model_names)]


@router.get("/models", summary="List the models")
async def list_models(names: ModelNamesDep) -> ModelList:
    """Every model that answers here."""
    return ModelList.of(names)


@router.get("/models/{name:path}", summary="Look for a model", responses=responses(404, 422))
async def get_model(name: str, names: ModelNamesDep) -> Model:
    """Says that a model is here, and no more."""
    if name not in names:
        raise UnknownModel(f"there is no model {name!r} here")
    return Model(id=name)
