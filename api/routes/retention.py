"""How long a project keeps its runs."""

from typing import Annotated

from fastapi import APIRouter, Query
from starlette.responses import Response

from api.answers import document
from api.deps import Admin, Service, Viewer
from api.routes import examples
from api.routes.describe import answers, takes
from api.schemas.deleting import RetentionBody, RetentionShown
from api.services import retention
from api.strict_route import StrictRoute

router = APIRouter(prefix="/projects/{entity}/{name}/retention", tags=["projects"], route_class=StrictRoute)

KEEP = {"tags": ["keep"], "filter": 'metrics."val/loss".min < 0.1', "baselines": True, "verdicts": True}
BODY = {"archive_after_days": 30, "delete_archived_after_days": 14, "keep": KEEP}
SHOWN = {**BODY, "would": {"archive": 12, "delete": {"rows": examples.DELETED["rows"], "size_bytes": 1650000}}}

Preview = Annotated[bool, Query(description="also say what it would take now")]


@router.get("", summary="Show how long runs are kept", **answers(RetentionShown, SHOWN))
def show(parts: Service, caller: Viewer, entity: str, name: str, preview: Preview = False) -> Response:
    return document(retention.show(parts, caller, entity, name, preview))


@router.put("", summary="Set how long runs are kept, or with preview try it only", openapi_extra=takes(BODY), **answers(RetentionShown, SHOWN))
def put(parts: Service, caller: Admin, entity: str, name: str, body: RetentionBody, preview: Preview = False) -> Response:
    return document(retention.put(parts, caller, entity, name, body, preview))
