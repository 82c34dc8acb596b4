"""Everything out again, in forms that other programs read: the run table, points, a run as one file."""

from typing import Annotated, Any, Literal

from fastapi import APIRouter, Query
from starlette.responses import Response

from api.deps import Service, Viewer
from api.parquet import MEDIA_TYPE
from api.services import run_export
from api.services.run_export import Asked
from api.strict_route import StrictRoute

router = APIRouter(tags=["export"], route_class=StrictRoute)

BYTES = {"schema": {"type": "string", "format": "binary"}, "example": "(bytes)"}
TABLE = {"schema": {"type": "string"}, "example": "id,name,config.optimizer.lr,metrics.val/loss.last\r\nk3v9a2b4c6d8,bn,0.1,0.25\r\n"}

Project = Annotated[str | None, Query(max_length=260)]
Filter = Annotated[str | None, Query(description="which runs, as in GET /runs")]


def streams(media: dict[str, Any]) -> dict[str, Any]:
    """Keyword arguments for a route that sends a file."""
    said = {"description": "A file, sent while it is made", "content": media}
    return {"response_model": None, "response_class": Response, "responses": {200: said}}


@router.get("/export/runs", summary="Export the run table", **streams({"text/csv": TABLE, MEDIA_TYPE: BYTES}))
def runs(
    parts: Service,
    caller: Viewer,
    project: Project = None,
    filter: Filter = None,
    sort: Annotated[str | None, Query(description="as in GET /runs")] = None,
    fields: Annotated[str | None, Query(description="only these columns, or those below them", examples=["name,config.optimizer,metrics"])] = None,
    format: Literal["csv", "parquet"] = "csv",
    guard: Annotated[bool, Query(description="CSV: an apostrophe before texts that a spreadsheet would take for formulas")] = True,
) -> Response:
    return run_export.export(parts, caller, Asked(project, filter, sort, fields, format, guard))
