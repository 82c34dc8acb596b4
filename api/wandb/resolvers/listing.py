"""The runs and projects that wandb.Api lists, by pages: filtered and sorted by the same search as the run table."""

from collections.abc import Sequence
from typing import Any

from sqlalchemy import select

from api import paging
from api.problems import InvalidValue, Problem
from api.wandb import filters as read_filters
from api.wandb import search_keys
from api.wandb.asking import Asking
from api.wandb.ids import own
from api.wandb.resolvers import viewer
from api.wandb.search_keys import BadFilter, HasPath, SummaryPath
from store import projects, runs, streamed, wandb_runs
from store.errors import BadSearch
from store.search import order as orders
from store.search import table, texts
from store.search.order import Order
from store.search.table import Scope
from store.stream_tables import StreamMark
from store.tables import Key, Project, Run, WandbRun

PAGE, LARGEST_PAGE = 50, 1_000


def page_of_runs(
    project: Project,
    asking: Asking,
    first: int | None = None,
    after: str | None = None,
    order: str | None = None,
    filters: str | None = None,
    last: int | None = None,
    before: str | None = None,
) -> dict[str, Any]:
    """Raises Problem 400 for filters, an order or a cursor that cannot be read."""
    if last is not None or before is not None:
        raise Problem(400, "Runs are listed forwards: this takes first and after, not last and before.")
    limit, list_name = page_size(first), f"wandb runs {project.id}\n{filters or ''}\n{order or ''}"
    scope, by = _scope(project, asking, filters), _order(project, asking, order)
    place = paging.decode(after or None, list_name, *by.place_kinds)
    try:
        found = table.page(asking.session, scope, by, place, limit + 1)
    except ValueError as error:
        raise paging.bad_cursor() from error
    placed, more = paging.split(found, limit)
    shown = _read_ahead(asking, [each.run_id for each in placed])
    edges = [{"node": shown[each.run_id], "cursor": paging.encode(list_name, *each.place)} for each in placed if each.run_id in shown]
    return {"edges": edges, "pageInfo": page_info(edges, more is not None)}


def number_of_runs(project: Project, asking: Asking, filters: str | None = None) -> int:
    return table.count(asking.session, _scope(project, asking, filters))


def page_of_projects(
    _parent: Any, asking: Asking, entityName: str | None = None, first: int | None = None, after: str | None = None, **_others: Any
) -> dict[str, Any]:
    """Those of an entity, the caller's own when none is named; none of an entity that is not for the caller."""
    entity, _ = asking.project_path(entityName, None)
    if not asking.caller.may_see(entity):
        return {"edges": [], "pageInfo": page_info([], False), "totalCount": 0}
    limit, list_name = page_size(first), f"wandb projects {entity}"
    place = paging.decode(after or None, list_name, str)
    found = projects.page(asking.session, entity=entity, after=None if place is None else (entity, place[0]), limit=limit + 1)
    shown, more = paging.split(found, limit)
    edges = [{"node": project, "cursor": paging.encode(list_name, project.name)} for project in shown]
    return {"edges": edges, "pageInfo": page_info(edges, more is not None), "totalCount": projects.count(asking.session, entity=entity)}


def set_state(_parent: Any, asking: Asking, input: dict[str, Any]) -> dict[str, Any]:
    """A running run that is given up is failed. No other state can be set: runs of workers are queued, and none waits for a process elsewhere."""
    if input["state"] != "failed":
        raise InvalidValue("/state", f'takes "failed"; got {input["state"][:40]!r}')
    with asking.writing() as session:
        run = runs.get(session, own("Run", input["id"]), asking.caller.entity)
        runs.finish_client(session, run, "failed", "It was given up by whoever asked through the wandb client.")
    return {"success": True, "clientMutationId": input.get("clientMutationId")}


def page_size(first: int | None) -> int:
    return min(max(PAGE if first is None else first, 1), LARGEST_PAGE)


def page_info(edges: Sequence[dict[str, Any]], more: bool) -> dict[str, Any]:
    ends = [edge["cursor"] for edge in edges]
    return {"endCursor": ends[-1] if ends else None, "startCursor": ends[0] if ends else None, "hasNextPage": more, "hasPreviousPage": False}


def _scope(project: Project, asking: Asking, filters: str | None) -> Scope:
    session = asking.session
    try:
        paths = _paths(project, asking)
        found = read_filters.read(filters, paths, lambda key, limit: texts.of(session, project.id, key, limit), _summaries(paths))
        scope = Scope(project=project, filter=found)
        scope.check()
    except (BadFilter, BadSearch) as error:
        raise Problem(400, str(error)) from error
    return scope


def _order(project: Project, asking: Asking, order: str | None) -> Order:
    try:
        paths = _paths(project, asking)
        return orders.order(search_keys.sort_keys(order, paths, _summaries(paths)))
    except BadFilter as error:
        raise Problem(400, str(error)) from error


def _paths(project: Project, asking: Asking) -> HasPath:
    return lambda path: texts.has_path(asking.session, project.id, path)


def _summaries(paths: HasPath) -> SummaryPath:
    return lambda name: search_keys.summary_path(name, paths)


def _read_ahead(asking: Asking, ids: Sequence[str]) -> dict[str, Run]:
    """The runs by id; what their fields need of other tables is read with one query a table."""
    session, kept = asking.session, asking.read_ahead
    found = {run.id: run for run in session.scalars(select(Run).where(Run.id.in_(ids)))}
    told = {row.run_id: row for row in session.scalars(select(WandbRun).where(WandbRun.run_id.in_(ids)))}
    own_lines = select(StreamMark).where(StreamMark.run_id.in_(ids), StreamMark.stream == streamed.HISTORY, StreamMark.writer == "")
    marks = {mark.run_id: mark.taken[-1][1] for mark in session.scalars(own_lines) if mark.taken}
    makers = select(Key.id, Key.name).where(Key.id.in_({run.created_by for run in found.values()}))
    names = {key_id: name for key_id, name in session.execute(makers)}  # noqa: C416 - rows, as mypy sees them, are no pairs
    asking.page = list(found)
    for run in found.values():
        kept["told", run.id] = told.get(run.id) or wandb_runs.told_nothing(run)
        kept["lines", run.id] = marks.get(run.id, 0)
        key_id = run.created_by or "nobody"
        if ("user", key_id) not in kept:
            kept["user", key_id] = viewer.user(asking, key_id, names.get(key_id, key_id))
    return found


FIELDS = {
    "Query.models": page_of_projects,
    "Mutation.updateRunState": set_state,
    "Project.runs": page_of_runs,
    "Project.runCount": number_of_runs,
    "Project.allViews": lambda _project, _asking, **_arguments: {"edges": [], "pageInfo": page_info([], False)},
}
