"""What happens to runs, told while it happens: server-sent events."""

from typing import Annotated, Any

from fastapi import APIRouter, Header, Query
from starlette.responses import Response

from api.deps import Service, Viewer
from api.routes import examples
from api.services import follow, follow_project
from api.streams import MEDIA_TYPE, event
from api.strict_route import StrictRoute

router = APIRouter(tags=["events"], route_class=StrictRoute)

RUN_EVENTS = """retry: 1000

event: state
id: 1
data: {"state":"running","reason":null,"at":"2026-11-23T20:30:01.223456Z"}

event: points
id: 3
data: {"groups":[{"steps":[0,1],"times":[0.1,0.2],"metrics":{"train/loss":[2.31,"NaN"],"lr":[0.1,0.1]}}]}

event: log
id: 4
data: {"first":0,"lines":["step 0: train/loss 2.31"]}

event: state
id: 5
data: {"state":"finished","reason":null,"at":"2026-11-23T20:30:04.323456Z"}

event: end
id: 5
data: {"state":"finished"}

"""
STATE = {"run": "k3v9a2b4c6d8", "state": "running", "reason": None, "started_at": "2026-11-23T20:30:01.223456Z", "finished_at": None, "attempt": 1}
METRICS = {"run": "k3v9a2b4c6d8", "progress": {"step": 499, "total": 500}, "metrics": {"val/loss": examples.SUMMARY}}
PROJECT_EVENTS = "retry: 1000\n\n" + "".join(
    event(kind, data, stamp).decode() for kind, data, stamp in (("run", examples.LISTED_RUN, 811), ("state", STATE, 815), ("metrics", METRICS, 822))
)
LAST_ID = "the id of the last event at hand; what came after it is told"
LastEventId = Annotated[str | None, Header(alias="Last-Event-ID", description=LAST_ID)]
LastIdAsked = Annotated[str | None, Query(alias="last_event_id", description=f"{LAST_ID}, for those who cannot set a header")]


def streams(example: str, **more: Any) -> dict[str, Any]:
    content = {MEDIA_TYPE: {"schema": {"type": "string"}, "example": example}}
    return {"response_model": None, "response_class": Response, "responses": {200: {"description": "Server-sent events", "content": content}, **more}}


ENDED = {"204": {"description": "The run has ended, and that was its last event: a browser does not come back after this."}}


@router.get("/runs/{run_id}/events", summary="Follow a run", **streams(RUN_EVENTS, **ENDED))
def of_run(parts: Service, caller: Viewer, run_id: str, last_id: LastEventId = None, asked: LastIdAsked = None) -> Response:
    return follow.run(parts, caller, run_id, last_id or asked) or Response(status_code=204)


@router.get("/projects/{entity}/{name}/events", summary="Follow a project", **streams(PROJECT_EVENTS))
def of_project(parts: Service, caller: Viewer, entity: str, name: str, last_id: LastEventId = None, asked: LastIdAsked = None) -> Response:
    return follow_project.project(parts, caller, entity, name, last_id or asked)
