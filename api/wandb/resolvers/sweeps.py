"""Sweeps: made, set to a state, shown; and their agents, which are told what to run."""

import json
from collections.abc import Callable
from typing import Any

from sqlalchemy import func, select

from analysis.sweeps.distributions import PlanError
from api.problems import Problem
from api.services import names
from api.services import sweeps as service
from api.wandb import at_hand
from api.wandb.asking import Asking
from api.wandb.at_hand import Listing
from api.wandb.ids import opaque, own
from api.wandb.times import moment
from store import sweep_progress, sweeps, trials
from store.sweep_tables import Sweep, SweepAgent, Trial
from store.tables import Project, Run

LARGEST_INT = 2**31 - 1  # of GraphQL
MOST = 1000
MOST_PRIOR_RUNS = 1000
NO_FILTERS = "{}"  # as the SDK sends them


def upsert(_parent: Any, asking: Asking, input: dict[str, Any]) -> dict[str, Any]:
    """Raises Problem 422 for a config that no runs can be chosen from, Conflict for a state that cannot follow."""
    try:
        with asking.writing() as session:
            if input.get("id"):
                sweep, plan = _changed(session, asking, input), None
            else:
                sweep, plan = _made(session, asking, input)
    except PlanError as error:
        raise Problem(422, str(error)) from error
    return {"sweep": sweep, "configValidationWarnings": list(plan.warnings) if plan else []}


def _made(session: Any, asking: Asking, input: dict[str, Any]) -> Any:
    path = "/".join(asking.project_path(input.get("entityName"), input.get("projectName")))
    project = names.find_or_add(session, asking.caller, asking.parts.settings, path)
    sweep, plan = sweeps.add(session, project, input.get("config") or "", asking.caller.key_id, _prior_runs(input))
    sweeps.edit(session, sweep, config=None, display_name=input.get("displayName"), description=input.get("description"))
    if input.get("state"):
        sweeps.set_state(session, sweep, input["state"])
    return sweep, plan


def _changed(session: Any, asking: Asking, input: dict[str, Any]) -> Sweep:
    sweep = sweeps.by_id(session, own("Sweep", input["id"]))
    if not asking.caller.may_see(session.get_one(Project, sweep.project_id).entity):
        raise Problem(404, f"There is no sweep with the id {input['id'][:80]!r}.")
    sweeps.edit(session, sweep, config=input.get("config"), display_name=input.get("displayName"), description=input.get("description"))
    if input.get("state"):
        sweeps.set_state(session, sweep, input["state"])
    return sweep


def _prior_runs(input: dict[str, Any]) -> list[str]:
    """Kept with the sweep: the run ids of the filter that the SDK makes of `prior_runs`."""
    try:
        given = json.loads(input.get("priorRunsFilters") or "{}").get("$or", [])
        return [str(each["name"])[:128] for each in given[:MOST_PRIOR_RUNS]]
    except (ValueError, AttributeError, TypeError, KeyError):
        raise Problem(422, 'priorRunsFilters takes {"$or": [{"name": run id}, ...]}.') from None


def create_agent(_parent: Any, asking: Asking, input: dict[str, Any]) -> dict[str, Any]:
    with asking.writing() as session:
        project = names.get(session, asking.caller, *asking.project_path(input.get("entityName"), input.get("projectName")))
        sweep = sweeps.find(session, project, input["sweep"])
        if sweep is None:
            raise Problem(404, f"There is no sweep {input['sweep'][:80]!r} in {project.path}.")
        return {"agent": sweeps.add_agent(session, sweep, input["host"])}


def heartbeat(_parent: Any, asking: Asking, input: dict[str, Any]) -> dict[str, Any]:
    """What the agent is to do, as JSON. Raises SweepIsGone."""
    asking.caller.must_be("member")
    try:
        said = json.loads(input.get("runState") or "{}")
        running = [str(run_id) for run_id, is_running in said.items() if is_running]
    except (ValueError, AttributeError, RecursionError):
        raise Problem(422, 'runState takes {"run id": true, ...} as JSON.') from None
    agent_id = own("Agent", input["id"])
    commands = service.heartbeat(asking.parts, asking.caller, agent_id, running)
    return {"agent": asking.session.get(SweepAgent, agent_id), "commands": json.dumps(commands)}


def sweep(project: Project, asking: Asking, sweepName: str) -> Sweep | None:
    return sweeps.find(asking.session, project, sweepName)


def page(project: Project, asking: Asking, first: int | None = None, after: str | None = None, filters: str | None = None) -> dict[str, Any]:
    """Newest first. Raises Problem 400 for filters that cannot be read."""
    limit = max(1, min(first or 50, MOST))
    last = None
    if after:
        before = asking.session.get(Sweep, own("Sweep", after))
        last = (before.created_at, before.id) if before else None
    if filters in (None, "", NO_FILTERS):
        found = sweeps.page(asking.session, project, last, limit + 1)
    else:
        found = listing(asking).matching(sweeps.page(asking.session, project, last, at_hand.MOST), filters)
    shown = found[:limit]
    edges = [{"node": each, "cursor": opaque("Sweep", each.id)} for each in shown]
    held = {"hasNextPage": len(found) > limit, "hasPreviousPage": last is not None, "endCursor": edges[-1]["cursor"] if edges else None}
    return {"edges": edges, "pageInfo": held, "totalCount": sweeps.count(asking.session, project)}


def listing(asking: Asking) -> Listing[Sweep]:
    return Listing(NAMES, {}, lambda sweep: sweep.id, lambda sweep, name: TOLD[name.partition(".")[0]](sweep, asking))


def state(sweep: Sweep, asking: Asking) -> str:
    """FINISHED also when its last run ended and no agent asked since."""
    if sweep.state == "RUNNING" and trials.is_over(asking.session, sweep, service.plan_of(sweep.config)):
        return "FINISHED"
    return sweep.state


def best_loss(sweep: Sweep, asking: Asking) -> float | None:
    metric = service.plan_of(sweep.config).metric
    if metric is None:
        return None
    best = sweep_progress.best(asking.session, sweep, metric)
    return None if best is None else best.value


def expected(sweep: Sweep, _asking: Asking) -> int | None:
    count = service.plan_of(sweep.config).expected
    return None if count is None or count > LARGEST_INT else count


def runs(sweep: Sweep, asking: Asking, first: int | None = None, **_: Any) -> dict[str, Any]:
    return _connection(asking, [*sweeps.runs_of(sweep)], first)


def prior_runs(sweep: Sweep, asking: Asking, first: int | None = None, **_: Any) -> dict[str, Any]:
    return _connection(asking, [Run.project_id == sweep.project_id, Run.external_id.in_(sweep.prior_runs)], first)


def agent(sweep: Sweep, asking: Asking, agentName: str) -> SweepAgent | None:
    try:
        found = asking.session.get(SweepAgent, own("Agent", agentName))
    except Problem:
        found = asking.session.get(SweepAgent, agentName)
    return found if found is not None and found.sweep_id == sweep.id else None


def agents(sweep: Sweep, asking: Asking, **_: Any) -> dict[str, Any]:
    return {"edges": [{"node": each} for each in sweeps.agents(asking.session, sweep)], "pageInfo": {"hasNextPage": False, "hasPreviousPage": False}}


def agent_runs(agent: SweepAgent, asking: Asking, first: int | None = None, **_: Any) -> dict[str, Any]:
    sweep = asking.session.get_one(Sweep, agent.sweep_id)
    mine = select(Trial.external_id).where(Trial.agent_id == agent.id)
    return _connection(asking, [Run.project_id == sweep.project_id, Run.external_id.in_(mine)], first)


def _connection(asking: Asking, which: list[Any], first: int | None) -> dict[str, Any]:
    """Oldest first; up to a thousand."""
    limit = max(1, min(first or 100, MOST))
    found = list(asking.session.scalars(select(Run).where(*which).order_by(Run.created_at, Run.id).limit(limit)))
    page = {"hasNextPage": False, "hasPreviousPage": False, "endCursor": None}
    return {"edges": [{"node": run, "cursor": opaque("Run", run.id)} for run in found], "pageInfo": page, "totalCount": len(found)}


def total_runs(agent: SweepAgent, asking: Asking) -> int:
    return asking.session.scalar(select(func.count()).where(Trial.agent_id == agent.id)) or 0


TOLD: dict[str, Callable[[Sweep, Asking], Any]] = {
    "name": lambda sweep, _asking: sweep.name,
    "displayName": lambda sweep, _asking: sweep.display_name,
    "description": lambda sweep, _asking: sweep.description,
    "state": state,
    "method": lambda sweep, _asking: service.plan_of(sweep.config).method,
    "createdAt": lambda sweep, _asking: moment(sweep.created_at),
    "updatedAt": lambda sweep, _asking: moment(sweep.updated_at),
}
NAMES = {**{name: name for name in TOLD}, "display_name": "displayName", "created_at": "createdAt", "updated_at": "updatedAt"}

FIELDS = {
    "Mutation.upsertSweep": upsert,
    "Mutation.createAgent": create_agent,
    "Mutation.agentHeartbeat": heartbeat,
    "Project.sweep": sweep,
    "Project.sweeps": page,
    "Project.totalSweeps": lambda project, asking: sweeps.count(asking.session, project),
    "Sweep.id": lambda sweep, _asking: opaque("Sweep", sweep.id),
    "Sweep.displayName": lambda sweep, _asking: sweep.display_name,
    "Sweep.method": lambda sweep, _asking: service.plan_of(sweep.config).method,
    "Sweep.state": state,
    "Sweep.bestLoss": best_loss,
    "Sweep.createdAt": lambda sweep, _asking: moment(sweep.created_at),
    "Sweep.updatedAt": lambda sweep, _asking: moment(sweep.updated_at),
    "Sweep.heartbeatAt": lambda sweep, _asking: moment(sweep.updated_at),
    "Sweep.runCount": lambda sweep, asking: sweeps.run_count(asking.session, sweep),
    "Sweep.runCountExpected": expected,
    "Sweep.earlyStopJobRunning": lambda _sweep, _asking: False,
    "Sweep.controller": lambda _sweep, _asking: None,
    "Sweep.scheduler": lambda _sweep, _asking: None,
    "Sweep.project": lambda sweep, asking: asking.session.get_one(Project, sweep.project_id),
    "Sweep.runs": runs,
    "Sweep.priorRuns": prior_runs,
    "Sweep.agent": agent,
    "Sweep.agents": agents,
    "Agent.id": lambda agent, _asking: opaque("Agent", agent.id),
    "Agent.name": lambda agent, _asking: agent.id,
    "Agent.state": lambda _agent, _asking: "RUNNING",
    "Agent.totalRuns": total_runs,
    "Agent.createdAt": lambda agent, _asking: moment(agent.created_at),
    "Agent.heartbeatAt": lambda agent, _asking: moment(agent.heartbeat_at),
    "Agent.runs": agent_runs,
}
