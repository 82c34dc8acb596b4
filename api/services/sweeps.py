"""What a sweep's agents are told when they tell of themselves: a run to begin, a run to end, or that they are done."""

from collections.abc import Sequence
from functools import lru_cache
from typing import Any

from sqlalchemy.orm import Session

from analysis.sweeps import bayes
from analysis.sweeps import plan as plans
from analysis.sweeps.plan import Plan
from api.auth import Caller
from api.parts import Parts
from store import brackets, sweeps, trials
from store.errors import NotFound, SweepIsGone
from store.sweep_tables import Sweep, SweepAgent
from store.tables import Project
from store.trials import Candidate

TRIES = 3  # at a Bayesian choice, when other agents choose meanwhile
Command = dict[str, Any]


@lru_cache(64)
def plan_of(config: str) -> Plan:
    """Raises PlanError."""
    return plans.read(config)


def heartbeat(parts: Parts, caller: Caller, agent_id: str, running: Sequence[str]) -> list[Command]:
    """Raises SweepIsGone."""
    for tries in range(TRIES):
        candidate = None if running else _candidate(parts, caller, agent_id)
        with parts.db.begin() as session:
            sweep, agent = _found(session, caller, agent_id)
            if candidate is None or candidate.place == sweep.next_place or tries == TRIES - 1:
                return _commands(session, sweep, agent, running, candidate)
    raise AssertionError("unreachable")


def _found(session: Session, caller: Caller, agent_id: str) -> tuple[Sweep, SweepAgent]:
    """The sweep, locked, and its agent."""
    agent = session.get(SweepAgent, agent_id)
    try:
        sweep = sweeps.by_id(session, agent.sweep_id if agent else "")
    except NotFound:
        sweep = None
    if agent is None or sweep is None or not caller.may_see(session.get_one(Project, sweep.project_id).entity):
        raise SweepIsGone(agent_id)
    return sweep, agent


def _candidate(parts: Parts, caller: Caller, agent_id: str) -> Candidate | None:
    """What the Bayesian search would try next, chosen outside of any transaction, for it takes a while."""
    with parts.db.read() as session:
        agent = session.get(SweepAgent, agent_id)
        sweep = session.get(Sweep, agent.sweep_id) if agent else None
        if sweep is None or sweep.state != "RUNNING":
            return None
        plan = plan_of(sweep.config)
        if plan.method != "bayes" or plan.metric is None or trials.is_all_given(sweep, plan):
            return None
        told, place = trials.told(session, sweep, plan.metric), sweep.next_place
    point, values = bayes.suggest(plan, told, sweep.id, place)
    return Candidate(place, point, values)


def _commands(session: Session, sweep: Sweep, agent: SweepAgent, running: Sequence[str], candidate: Candidate | None) -> list[Command]:
    mine = trials.note_running(session, agent, running)
    if sweep.state == "CANCELED":
        return [{"type": "exit"}]
    plan = plan_of(sweep.config)
    if running:
        return [{"type": "stop", "run_id": trial.external_id} for trial in brackets.stop_some(session, sweep, plan, mine)]
    if sweep.state != "RUNNING":
        return [] if sweep.state == "PAUSED" else [{"type": "exit"}]
    trial = trials.give(session, sweep, plan, agent, candidate)
    if trial is not None:
        return [{"type": "run", "run_id": trial.external_id, "args": trial.arguments, "program": plan.program, "logs": []}]
    if trials.may_come_back(session, sweep):
        return []
    if trials.is_over(session, sweep, plan):
        sweeps.set_state(session, sweep, "FINISHED")
    return [{"type": "exit"}]
