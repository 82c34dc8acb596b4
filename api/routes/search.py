"""Search for the page's palette: projects, studies and runs by some letters of their names."""

from typing import Annotated

from fastapi import APIRouter, Query
from starlette.responses import Response

from api.answers import document
from api.deps import Service, Viewer
from api.routes import examples
from api.routes.describe import answers
from api.schemas.base import Items
from api.schemas.search import FoundShown
from api.services import search as service
from api.strict_route import StrictRoute

router = APIRouter(tags=["search"], route_class=StrictRoute)

FOUND = {
    "kind": "run",
    "id": "k3v9a2b4c6d8",
    "project": "acme/digits",
    "name": "batchnorm",
    "address": "/acme/digits/runs/k3v9a2b4c6d8",
}


@router.get("/search", summary="Find projects, studies and runs by their names", **answers(Items[FoundShown], examples.items(FOUND)))
def find(
    parts: Service,
    caller: Viewer,
    q: Annotated[str, Query(min_length=1, max_length=200, description="words that the name holds, or the beginning of an id or a tag")],
    limit: Annotated[int, Query(ge=1, le=100, description="most of each kind")] = 20,
) -> Response:
    return document(service.find(parts, caller, q, limit))
