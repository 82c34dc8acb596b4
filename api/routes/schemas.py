"""Schemas that forms are made from."""

from functools import cache
from typing import Any

from fastapi import APIRouter
from pydantic import BaseModel
from starlette.responses import Response

from api.answers import document
from api.deps import Viewer
from api.routes.describe import answers
from api.schemas.base import Json
from api.strict_route import StrictRoute
from trainer.config import RunConfig
from trainer.probe import Probe

router = APIRouter(prefix="/schemas", tags=["schemas"], route_class=StrictRoute)


@router.get("/run-config", summary="JSON Schema of a run's config", **answers(Json, {"title": "RunConfig", "type": "object", "properties": {}}))
def run_config(caller: Viewer) -> Response:
    return document(_schema(RunConfig))


@router.get("/probe", summary="JSON Schema of a layer to try", **answers(Json, {"title": "Probe", "type": "object", "properties": {}}))
def probe(caller: Viewer) -> Response:
    return document(_schema(Probe))


@cache
def _schema(form: type[BaseModel]) -> dict[str, Any]:
    return {"$schema": "https://json-schema.org/draft/2020-12/schema", **form.model_json_schema()}
