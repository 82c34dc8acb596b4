"""Images, tables, histograms and the like that a run logged."""

from typing import Annotated

from fastapi import APIRouter, Query
from starlette.responses import Response

from api import paging
from api.answers import document
from api.deps import Service, Viewer
from api.paging import Cursor, Limit
from api.routes import examples
from api.routes.describe import answers
from api.schemas.media import MediaPage
from api.services import media as service
from api.strict_route import StrictRoute
from store import media, runs
from store.history_rows import LARGEST_STEP

router = APIRouter(prefix="/runs/{run_id}", tags=["runs"], route_class=StrictRoute)

IMAGE: examples.Example = {
    "key": "val/examples",
    "step": 100,
    "index": 0,
    "kind": "image",
    "caption": "seven",
    "path": "media/images/val/examples_100_d99a62b00cc0280d4fa0.png",
    "artifact": "txq27wa98nlp",
    "content": "/api/v1/artifacts/txq27wa98nlp/content",
    "size_bytes": 364,
    "details": {"width": 28, "height": 28, "format": "png"},
    "histogram": None,
    "overlays": [],
}
EXAMPLE = {**examples.page(IMAGE), "keys": [{"key": "val/examples", "kind": "image", "count": 12}]}


@router.get("/media", summary="List what a run logged that is no number: images, tables, histograms", **answers(MediaPage, EXAMPLE))
def listing(
    parts: Service,
    caller: Viewer,
    run_id: str,
    key: Annotated[list[str] | None, Query(max_length=100, description="only under these keys")] = None,
    kind: Annotated[list[str] | None, Query(max_length=20, description="only of these kinds")] = None,
    low: Annotated[int, Query(alias="from", ge=0, le=LARGEST_STEP, description="first step")] = 0,
    high: Annotated[int, Query(alias="to", ge=0, le=LARGEST_STEP, description="last step")] = LARGEST_STEP,
    latest: Annotated[
        bool, Query(description="of each key just what was logged last, up to the step `to`; `from`, `limit`, `cursor` do not count")
    ] = False,
    limit: Limit = 100,
    cursor: Cursor = None,
) -> Response:
    name = f"media {run_id} {key} {kind}"
    after = paging.decode(cursor, name, int, str, int)
    with parts.db.read() as session:
        run = runs.get(session, run_id, caller.entity)
        there = media.keys(session, run.id)
        wanted = service.wanted(there, key, kind)
        found, last = (
            (media.latest(session, run.id, wanted, high), None)
            if latest
            else paging.split(media.page(session, run.id, wanted, low, high, after, limit + 1), limit)
        )
        items = service.shown(session, run.id, found)
    return document({"items": items, "next_cursor": paging.encode(name, *last.place) if last else None, "keys": service.keys_shown(there)})
