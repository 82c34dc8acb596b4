"""Who trains, and what waits."""

from fastapi import APIRouter
from starlette.responses import Response

from api.answers import document
from api.deps import Service, Viewer
from api.routes import examples
from api.routes.describe import answers
from api.schemas.others import NodeList, QueueShown
from api.services import nodes as service
from api.strict_route import StrictRoute

router = APIRouter(tags=["nodes"], route_class=StrictRoute)


@router.get("/nodes", summary="List the nodes that ever registered", **answers(NodeList, examples.items(examples.NODE)))
def nodes(parts: Service, caller: Viewer) -> Response:
    return document({"items": service.every(parts, caller), "next_cursor": None})


@router.get("/queue", summary="List running and queued runs in the order they start", **answers(QueueShown, examples.QUEUE))
def queue(parts: Service, caller: Viewer) -> Response:
    return document(service.queue(parts, caller))
