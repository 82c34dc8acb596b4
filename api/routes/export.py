"""Everything out again, in forms that other programs read: the run table, points, a run as one file."""

from typing import Annotated, Any, Literal

from fastapi import APIRouter, Query
from starlette.responses import Response

from api.deps import Service, Viewer
from api.parquet import MEDIA_TYPE
from api.services import point_export, run_export, run_zip
from api.services.run_export import Asked
from api.services.run_zip import MEDIA_TYPE as ZIP
from api.strict_route import StrictRoute

router = APIRouter(tags=["export"], route_class=StrictRoute)

BYTES = {"schema": {"type": "string", "format": "binary"}, "example": "(bytes)"}
TABLE = {"schema": {"type": "string"}, "example": "id,name,config.optimizer.lr,metrics.val/loss.last\r\nk3v9a2b4c6d8,bn,0.1,0.25\r\n"}

POINTS_HEADERS = {point_export.NEXT: {"schema": {"type": "string"}, "description": "Where the next file begins; absent in the last one."}}

Project = Annotated[str | None, Query(max_length=260)]
Filter = Annotated[str | None, Query(description="which runs, as in GET /runs")]


def streams(media: dict[str, Any], headers: dict[str, Any] | None = None) -> dict[str, Any]:
    """Keyword arguments for a route that sends a file."""
    said = {"description": "A file, sent while it is made", "content": media, "headers": headers or {}}
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


@router.get("/export/points", summary="Export points as Parquet, some millions at a time", **streams({MEDIA_TYPE: BYTES}, POINTS_HEADERS))
def points(
    parts: Service,
    caller: Viewer,
    project: Project = None,
    filter: Filter = None,
    metric: Annotated[list[str] | None, Query(min_length=1, max_length=1000, description="only these")] = None,
    cursor: Annotated[str | None, Query(max_length=8192, description="the header Next-Cursor of the file before")] = None,
) -> Response:
    return point_export.export(parts, caller, point_export.Asked(project, filter, metric, cursor))


@router.get("/runs/{run_id}/export", summary="Export a run as a zip file", **streams({ZIP: BYTES}))
def run(
    parts: Service, caller: Viewer, run_id: str, artifacts: Annotated[bool, Query(description="put the files of its artifacts in, too")] = False
) -> Response:
    return run_zip.export(parts, caller, run_id, artifacts)
