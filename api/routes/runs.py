"""Runs: submitted, listed, shown, edited, cancelled, deleted."""

from typing import Annotated

from fastapi import APIRouter, Body, Query
from starlette.responses import Response

from api.answers import document
from api.deps import Idempotency, Member, Service, TakesConfig, Viewer
from api.paging import Cursor, Limit, Total
from api.problems import InvalidValue
from api.routes import examples
from api.routes.describe import answers, takes
from api.schemas.base import Items
from api.schemas.deleting import DeletedRuns
from api.schemas.runs import AttemptShown, DryRun, LinkShown, LogPage, NewClientRun, NewRun, RunFacet, RunFields, RunPage, RunPatch, RunShown
from api.services import deleting, edit, find, show, submit
from api.services.attempts import attempt_shown
from api.services.find import Asked
from api.strict_route import StrictRoute
from store import chain, lifecycle, logs, runs

router = APIRouter(prefix="/runs", tags=["runs"], route_class=StrictRoute)

OfProject = Annotated[str | None, Query(max_length=260)]
FILTER = "state = 'finished' and config.optimizer.lr >= 0.1 and (metrics.\"val/loss\".min < 1.6 or tags in ('bn', 'ln')) and not name like 'tmp%'"
RUN_FIELDS = {
    "fields": [{"key": "state", "kind": "text"}],
    "config": [{"key": "config.optimizer.lr", "numbers": 12, "texts": 0}],
    "metrics": [{"key": 'metrics."val/loss"', "parts": ["last", "min", "max", "min_step", "count"]}],
    "tags": ["bn"],
}
RUN_FACET = {"key": "config.model.norm.kind", "values": [{"value": "batch", "runs": 12}], "more": False, "min": None, "max": None}
SUBMITTED = answers(RunShown, examples.RUN, 202)
SUBMITTED["dependencies"] = [TakesConfig]
SUBMITTED["responses"] |= answers(RunShown, examples.CLIENT_RUN, 201)["responses"] | answers(DryRun, examples.DRY_RUN)["responses"]


@router.post("", summary="Submit a config, or begin a run that a client trains", openapi_extra=takes(examples.NEW_RUN), **SUBMITTED)
def add(parts: Service, caller: Member, new: Annotated[NewRun, Body()], once: Idempotency, dry_run: bool = False) -> Response:
    if isinstance(new, NewClientRun):
        if dry_run:
            raise InvalidValue("/origin", "takes managed with ?dry_run=true: there is nothing to resolve in a client's config")
        return submit.submit_client(parts, caller, new, once).response()
    if dry_run:
        return document(submit.dry_run(parts, caller, new))
    return submit.submit(parts, caller, new, once).response()


@router.get("", summary="Find and list runs, newest first", **answers(RunPage, examples.page(examples.LISTED_RUN)))
def listing(
    parts: Service,
    caller: Viewer,
    project: OfProject = None,
    filter: Annotated[str | None, Query(description="which runs; see docs/api.md", examples=[FILTER])] = None,
    sort: Annotated[
        str | None,
        Query(
            description="keys by commas, - before those that descend; of groups: n, metrics (their mean), keys that their runs agree on",
            examples=['-metrics."val/loss".min'],
        ),
    ] = None,
    fields: Annotated[str | None, Query(description="only these paths of each run", examples=["name,config.optimizer.lr"])] = None,
    group_by: Annotated[str | None, Query(description="groups instead of runs", examples=["config.optimizer.lr", "all_but:seed"])] = None,
    limit: Limit = 100,
    cursor: Cursor = None,
    total: Total = False,
) -> Response:
    asked = Asked(project, filter, sort, fields, limit, cursor, total)
    return document(find.grouped(parts, caller, asked, group_by) if group_by else find.find(parts, caller, asked))


@router.get("/fields", summary="List what runs can be filtered and sorted by", **answers(RunFields, RUN_FIELDS))
def fields(parts: Service, caller: Viewer, project: OfProject = None) -> Response:
    return document(find.keys(parts, caller, project))


@router.get("/facets", summary="Count the values that runs have at some keys", **answers(Items[RunFacet], examples.items(RUN_FACET)))
def facets(
    parts: Service,
    caller: Viewer,
    of: Annotated[str, Query(description="keys by commas: fields, leaves of the config, tags", examples=["config.model.norm.kind,state,tags"])],
    project: OfProject = None,
    filter: Annotated[str | None, Query(description="which runs; see docs/api.md", examples=[FILTER])] = None,
    limit: Annotated[int, Query(ge=1, le=1000, description="most values of each key")] = 20,
) -> Response:
    return document(find.facets(parts, caller, Asked(project, filter, limit=limit), of))


@router.get("/{run_id}", summary="Show a run", **answers(RunShown, examples.RUN))
def show_one(parts: Service, caller: Viewer, run_id: str) -> Response:
    with parts.db.read() as session:
        return document(show.shown(session, runs.get(session, run_id, caller.entity)))


@router.patch("/{run_id}", summary="Edit name, tags, notes, archived", openapi_extra=takes({"tags": ["bn"]}), **answers(RunShown, examples.RUN))
def patch(parts: Service, caller: Member, run_id: str, change: RunPatch) -> Response:
    return document(edit.patch(parts, caller, run_id, change))


@router.delete("/{run_id}", summary="Delete a run, or preview what that would take", **answers(DeletedRuns, examples.DELETED))
def delete(parts: Service, caller: Member, run_id: str, preview: bool = False) -> Response:
    return document(deleting.run(parts, caller, run_id, preview))


@router.post("/{run_id}/cancel", summary="Cancel a queued or running run", **answers(RunShown, examples.RUN, 202))
def cancel(parts: Service, caller: Member, run_id: str) -> Response:
    return document(edit.cancel(parts, caller, run_id), 202)


@router.get("/{run_id}/log", summary="Read console output", **answers(LogPage, examples.LOG))
def log(
    parts: Service,
    caller: Viewer,
    run_id: str,
    after: Annotated[int, Query(ge=-1, le=2**53)] = -1,
    limit: Annotated[int, Query(ge=1, le=10_000)] = 1000,
) -> Response:
    with parts.db.read() as session:
        lines = logs.read(session, runs.get(session, run_id, caller.entity).id, after, limit)
    numbers = [number for number, _ in lines]
    return document({"lines": [text for _, text in lines], "first": numbers[0] if numbers else None, "after": numbers[-1] if numbers else after})


@router.get("/{run_id}/attempts", summary="List every try at the run", **answers(Items[AttemptShown], examples.items(examples.ATTEMPT)))
def attempts(parts: Service, caller: Viewer, run_id: str) -> Response:
    with parts.db.read() as session:
        found = lifecycle.attempts(session, runs.get(session, run_id, caller.entity).id)
    return document({"items": [attempt_shown(each) for each in found], "next_cursor": None})


@router.get("/{run_id}/digests", summary="Read the digest chain", **answers(Items[LinkShown], examples.items(examples.LINK)))
def digests(parts: Service, caller: Viewer, run_id: str) -> Response:
    with parts.db.read() as session:
        links = chain.read(session, runs.get(session, run_id, caller.entity).id)
    return document({"items": [{"step": step, **digests} for step, digests in links.items()], "next_cursor": None})
