"""Points of sweeps, given out: each to one agent at a time, in the transaction that counts it.

What an agent was given and never began is given out again: to itself when it asks anew (the answer was lost), to another when it went silent.
A run that began is counted, however it ended.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import exists, select, update
from sqlalchemy.orm import Session

from analysis.sweeps.bayes import MOST_TOLD, Told
from analysis.sweeps.choosing import arguments, grid_point, random_point
from analysis.sweeps.plan import Metric, Plan
from store.database import now
from store.ids import new_external_id
from store.sweep_tables import Sweep, SweepAgent, Trial
from store.sweeps import AGENT_TIMEOUT_S
from store.tables import Run, Series

MOST_GIVEN = 3  # handed out and never begun: a function that begins no run is not called forever


@dataclass(frozen=True)
class Candidate:
    """A point that was chosen by what runs gave before it; `place` is the number it was chosen for."""

    place: int
    point: list[float]
    values: list[Any]


def give(session: Session, sweep: Sweep, plan: Plan, agent: SweepAgent, candidate: Candidate | None = None) -> Trial | None:
    """What the agent shall run now; None when nothing is left. The caller holds the sweep locked."""
    again = _to_give_again(session, sweep, agent)
    if again is not None:
        again.given, again.agent_id, again.seen, again.given_at = again.given + 1, agent.id, False, session.scalar(select(now())) or 0.0
        session.flush()
        return again
    if is_all_given(sweep, plan):
        return None
    place = sweep.next_place
    values = candidate.values if candidate else _chosen(sweep, plan, place)
    trial = Trial(sweep_id=sweep.id, place=place, external_id=_free_id(session, sweep), agent_id=agent.id, arguments=arguments(plan, values))
    trial.point, trial.marks, trial.given, trial.seen, trial.stopped = (candidate.point if candidate else None), {}, 1, False, False
    trial.given_at = session.scalar(select(now())) or 0.0
    sweep.next_place = place + 1
    session.add(trial)
    session.flush()
    return trial


def is_all_given(sweep: Sweep, plan: Plan) -> bool:
    return plan.expected is not None and sweep.next_place >= plan.expected


def may_come_back(session: Session, sweep: Sweep) -> bool:
    """Whether some agent has a point that it did not begin yet, and that will be another's should it go silent."""
    waiting = select(Trial.place).where(Trial.sweep_id == sweep.id, ~_began(sweep), Trial.given < MOST_GIVEN)
    return session.scalar(waiting.limit(1)) is not None


def is_over(session: Session, sweep: Sweep, plan: Plan) -> bool:
    """Whether all points were given out, and all that began has ended."""
    if not is_all_given(sweep, plan) or may_come_back(session, sweep):
        return False
    running = select(Run.id).join(Trial, Trial.external_id == Run.external_id).where(Trial.sweep_id == sweep.id, Run.project_id == sweep.project_id)
    return session.scalar(running.where(Run.state == "running").limit(1)) is None


def note_running(session: Session, agent: SweepAgent, external_ids: Sequence[str]) -> list[Trial]:
    """Those of the agent's runs that it says it has, now known to have arrived."""
    mine = select(Trial).where(Trial.sweep_id == agent.sweep_id, Trial.agent_id == agent.id, Trial.external_id.in_(list(external_ids)[:1000]))
    found = list(session.scalars(mine.order_by(Trial.place)))
    for trial in found:
        trial.seen = True
    if not found:  # what it had and did not begin, it has done with
        over = update(Trial).where(Trial.sweep_id == agent.sweep_id, Trial.agent_id == agent.id, Trial.seen, Trial.given < MOST_GIVEN)
        session.execute(over.values(given=MOST_GIVEN), execution_options={"synchronize_session": False})
    agent.heartbeat_at = session.scalar(select(now())) or 0.0
    session.flush()
    return found


def told(session: Session, sweep: Sweep, metric: Metric) -> list[Told]:
    """What the newest runs with a point gave: the best value of the metric. None while they run; NaN when they ended without any."""
    best = Series.max if metric.is_maximized else Series.min
    query = select(Trial.point, Run.state, best).select_from(Trial)
    query = query.outerjoin(Run, (Run.project_id == sweep.project_id) & (Run.external_id == Trial.external_id))
    query = query.outerjoin(Series, (Series.run_id == Run.id) & (Series.metric == metric.name))
    rows = session.execute(query.where(Trial.sweep_id == sweep.id).order_by(Trial.place.desc()).limit(MOST_TOLD)).all()
    return [Told(list(point), _value(state, value)) for point, state, value in reversed(rows) if point is not None]


def _value(state: str | None, best: float | None) -> float | None:
    if state in (None, "running", "queued"):
        return None
    return math.nan if best is None else best


def _chosen(sweep: Sweep, plan: Plan, place: int) -> list[Any]:
    return grid_point(plan, place) if plan.method == "grid" else random_point(plan, sweep.id, place)


def _to_give_again(session: Session, sweep: Sweep, agent: SweepAgent) -> Trial | None:
    """The first trial that nobody began: this agent's own, which it does not know of, or one of an agent that is gone."""
    waiting = select(Trial).where(Trial.sweep_id == sweep.id, ~_began(sweep)).order_by(Trial.place).limit(1)
    own = session.scalars(waiting.where(Trial.agent_id == agent.id, ~Trial.seen, Trial.given < MOST_GIVEN)).first()
    if own is not None:
        return own
    gone = select(SweepAgent.id).where(SweepAgent.sweep_id == sweep.id, SweepAgent.heartbeat_at < now() - AGENT_TIMEOUT_S)
    return session.scalars(waiting.where(Trial.agent_id != agent.id, Trial.agent_id.in_(gone), Trial.given < MOST_GIVEN)).first()


def _began(sweep: Sweep) -> Any:
    return exists().where(Run.project_id == sweep.project_id, Run.external_id == Trial.external_id).correlate(Trial)


def _free_id(session: Session, sweep: Sweep) -> str:
    """A run id that no run of the project has."""
    while True:
        external_id = new_external_id()
        if session.scalar(select(Run.id).where(Run.project_id == sweep.project_id, Run.external_id == external_id)) is None:
            return external_id
