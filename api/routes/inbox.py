"""The inbox of whoever is signed in: how their runs and studies ended, what verdicts were given on them, which alerts they raised."""

from typing import Annotated

from fastapi import APIRouter, Query
from starlette.responses import Response

from api.answers import document
from api.deps import Member, Service, Viewer
from api.paging import Cursor, Limit
from api.routes.describe import answers, takes
from api.routes.events import LastEventId, LastIdAsked, streams
from api.schemas.inbox import Inbox, Unread, UpTo
from api.services import inbox as service
from api.streams import event
from api.strict_route import StrictRoute

router = APIRouter(prefix="/inbox", tags=["inbox"], route_class=StrictRoute)

ITEM = {
    "id": "p3Yk0nq4W1tbMS43ZTksMiwiazN2OWEyYjRjNmQ4IiwicTh3N2U2cjUiXQ",
    "kind": "verdict",
    "run": "k3v9a2b4c6d8",
    "study": None,
    "project": "acme/digits",
    "name": "batchnorm",
    "text": "Every digest and all 1,530 points are the same.",
    "outcome": "identical",
    "level": None,
    "at": "2026-11-23T20:30:04.323456Z",
    "read": False,
    "address": "/acme/digits/runs/k3v9a2b4c6d8",
}
EVENTS = "retry: 1000\n\n" + event("item", ITEM, ITEM["id"]).decode() + event("unread", {"unread": 1}).decode()


@router.get("", summary="List what the caller should hear of, newest first", **answers(Inbox, {"items": [ITEM], "next_cursor": None, "unread": 1}))
def listing(
    parts: Service,
    caller: Viewer,
    after: Annotated[str | None, Query(max_length=500, description="only what came after the item with this id")] = None,
    limit: Limit = 50,
    cursor: Cursor = None,
) -> Response:
    return document(service.listing(parts, caller, after, limit, cursor))


@router.post("/read", summary="Mark all up to an item as read", openapi_extra=takes({"up_to": ITEM["id"]}), **answers(Unread, {"unread": 0}))
def read(parts: Service, caller: Member, asked: UpTo) -> Response:
    return document(service.mark_read(parts, caller, asked.up_to))


@router.get("/events", summary="Follow the inbox", **streams(EVENTS))
def follow(parts: Service, caller: Viewer, last_id: LastEventId = None, asked: LastIdAsked = None) -> Response:
    return service.follow(parts, caller, last_id or asked)
