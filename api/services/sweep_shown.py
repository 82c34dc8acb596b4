"""Sweeps as the REST interface shows them, and what people set them to."""

from collections.abc import Sequence
from typing import Literal

from sqlalchemy import select
from sqlalchemy.orm import Session

from analysis.sweeps.hyperband import Hyperband
from analysis.sweeps.plan import Plan
from api import paging
from api.answers import rfc3339
from api.auth import Caller
from api.parts import Parts
from api.schemas.base import Page
from api.schemas.sweeps import SweepAgentShown, SweepBest, SweepEarlyStop, SweepListed, SweepRun, SweepShown
from api.services import names
from api.services.sweeps import plan_of
from store import sweep_progress, sweeps, trials, wandb_runs
from store.database import now
from store.errors import NotFound
from store.sweep_progress import Given
from store.sweep_tables import Sweep
from store.tables import RUN_STATES, Project

MOST_POINTS, MOST_AGENTS = 1000, 100
MOST_EXPECTED = 2**53
STATES = {"RUNNING": "running", "PAUSED": "paused", "FINISHED": "finished", "CANCELED": "cancelled"}
Wish = Literal["stop", "pause", "resume", "cancel"]
WISHES = {"stop": "FINISHED", "pause": "PAUSED", "resume": "RUNNING", "cancel": "CANCELED"}


def listing(parts: Parts, caller: Caller, entity: str, name: str, limit: int, cursor: str | None, external_id: str | None) -> Page[SweepListed]:
    """Newest first. Raises ProjectNotFound, Problem 400 for a bad cursor."""
    place = paging.decode(cursor, f"sweeps of {entity}/{name}", float, str)
    with parts.db.read() as session:
        project = names.get(session, caller, entity, name)
        found = sweeps.page(session, project, (place[0], place[1]) if place else None, limit + 1, external_id)
        shown, last = paging.split(found, limit)
        after = paging.encode(f"sweeps of {entity}/{name}", last.created_at, last.id) if last else None
        return {"items": listed(session, shown, project), "next_cursor": after}


def show(parts: Parts, caller: Caller, sweep_id: str) -> SweepShown:
    """Raises NotFound."""
    with parts.db.read() as session:
        return _shown(session, *_visible(session, caller, session.get(Sweep, sweep_id), sweep_id))


def set_to(parts: Parts, caller: Caller, sweep_id: str, wish: Wish) -> SweepShown:
    """The sweep; its agents hear of it when they ask next. What it is already is no error. Raises NotFound, Conflict for what cannot be."""
    with parts.db.begin() as session:
        sweep, project = _visible(session, caller, sweeps.by_id(session, sweep_id), sweep_id)
        is_so = sweep.state == WISHES[wish] or (wish == "stop" and sweep.state in sweeps.ENDED)
        if not is_so:
            sweeps.set_state(session, sweep, WISHES[wish])
        return _shown(session, sweep, project)


def listed(session: Session, found: Sequence[Sweep], project: Project) -> list[SweepListed]:
    ids = [sweep.id for sweep in found]
    plans = {sweep.id: plan_of(sweep.config) for sweep in found}
    counts = sweep_progress.counts(session, ids)
    best = sweep_progress.best_values(session, {sweep_id: plan.metric for sweep_id, plan in plans.items() if plan.metric is not None})
    given = [sweep.id for sweep in found if sweep.state == "RUNNING" and trials.is_all_given(sweep, plans[sweep.id])]
    over = set(given) - sweep_progress.busy(session, given)
    return [
        {
            "id": sweep.id,
            "external_id": sweep.name,
            "project": project.path,
            "name": sweep.display_name or sweep.name,
            "state": "finished" if sweep.id in over else STATES[sweep.state],  # type: ignore[typeddict-item]
            "method": plans[sweep.id].method,  # type: ignore[typeddict-item]
            "metric": {"name": metric.name, "goal": metric.goal} if (metric := plans[sweep.id].metric) else None,  # type: ignore[typeddict-item]
            "runs": {"total": sum(counts[sweep.id].values()), **{state: counts[sweep.id].get(state, 0) for state in RUN_STATES}},  # type: ignore[typeddict-item]
            "expected": _expected(plans[sweep.id]),
            "best_value": best.get(sweep.id),
            "created_at": rfc3339(sweep.created_at),
            "updated_at": rfc3339(sweep.updated_at),
            "created_by": sweep.created_by,
        }
        for sweep in found
    ]


def _expected(plan: Plan) -> int | None:
    """None also for more than JSON's readers count exactly."""
    return None if plan.expected is None or plan.expected > MOST_EXPECTED else plan.expected


def _visible(session: Session, caller: Caller, sweep: Sweep | None, sweep_id: str) -> tuple[Sweep, Project]:
    """Raises NotFound."""
    project = None if sweep is None else session.get_one(Project, sweep.project_id)
    if sweep is None or project is None or not caller.may_see(project.entity):
        raise NotFound("sweep", sweep_id)
    return sweep, project


def _shown(session: Session, sweep: Sweep, project: Project) -> SweepShown:
    plan = plan_of(sweep.config)
    best = sweep_progress.best(session, sweep, plan.metric) if plan.metric else None
    head: SweepListed = listed(session, [sweep], project)[0]
    return {
        **head,
        "description": sweep.description,
        "config": sweep.config,
        "program": plan.program,
        "parameters": [parameter.name for parameter in plan.parameters],
        "run_cap": plan.run_cap,
        "early_stop": _early_stop(plan.early),
        "prior_runs": [str(external_id) for external_id in sweep.prior_runs],
        "best": _best(best),
        "points": [_point(each) for each in sweep_progress.given(session, sweep, plan.metric, MOST_POINTS)],
        "agents": _agents(session, sweep),
    }


def _early_stop(rule: Hyperband | None) -> SweepEarlyStop | None:
    return None if rule is None else {"kind": "hyperband", "brackets": list(rule.brackets), "eta": rule.eta, "strict": rule.is_strict}


def _best(best: sweep_progress.Best | None) -> SweepBest | None:
    if best is None:
        return None
    return {"run": best.run.id, "external_id": best.run.external_id, "name": best.run.name, "value": best.value}


def _point(given: Given) -> SweepRun:
    trial = given.trial
    return {
        "place": trial.place,
        "run": given.run_id,
        "external_id": trial.external_id,
        "name": given.name,
        "state": given.state or "given",  # type: ignore[typeddict-item]
        "values": wandb_runs.shown_config(trial.arguments),
        "value": given.value,
        "stopped_early": trial.stopped,
        "agent": trial.agent_id,
        "given_at": rfc3339(trial.given_at),
    }


def _agents(session: Session, sweep: Sweep) -> list[SweepAgentShown]:
    moment, given = session.scalar(select(now())) or 0.0, sweep_progress.given_to(session, sweep)
    return [
        {
            "id": agent.id,
            "host": agent.host,
            "alive": moment - agent.heartbeat_at < sweeps.AGENT_TIMEOUT_S,
            "runs": given.get(agent.id, 0),
            "created_at": rfc3339(agent.created_at),
            "heartbeat_at": rfc3339(agent.heartbeat_at),
        }
        for agent in sweep_progress.agents(session, sweep, MOST_AGENTS)
    ]
