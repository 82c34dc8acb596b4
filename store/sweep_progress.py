"""How far sweeps have come: their runs by state, the best values, what was given out; each in one statement, however many sweeps."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from sqlalchemy import ColumnElement, and_, func, or_, select, tuple_
from sqlalchemy.orm import Session

from analysis.sweeps.plan import Metric
from store.sweep_tables import Sweep, SweepAgent, Trial
from store.tables import Run, Series
from store.trials import MOST_GIVEN


@dataclass(frozen=True)
class Best:
    """The run with the best value of the sweep's metric, of all that it logged."""

    run: Run
    value: float


@dataclass(frozen=True)
class Given:
    """A point that was given out, its run, None while it did not begin, and the best value that the run logged of the metric."""

    trial: Trial
    run_id: str | None
    name: str | None
    state: str | None
    value: float | None


def counts(session: Session, sweep_ids: Sequence[str]) -> dict[str, dict[str, int]]:
    """Of each sweep how many of its runs are in which state; states without a run are not there."""
    found: dict[str, dict[str, int]] = {sweep_id: {} for sweep_id in sweep_ids}
    query = select(Trial.sweep_id, Run.state, func.count()).join(Sweep, Sweep.id == Trial.sweep_id).join(Run, _is_run_of(Sweep, Trial))
    for sweep_id, state, count in session.execute(query.where(Trial.sweep_id.in_(sweep_ids)).group_by(Trial.sweep_id, Run.state)):
        found[sweep_id][state] = count
    return found


def best_values(session: Session, metrics: Mapping[str, Metric]) -> dict[str, float]:
    """The best value of each sweep's metric; sweeps of which no run logged a number are not there."""
    pairs = [(sweep_id, metric.name) for sweep_id, metric in metrics.items()]
    query = select(Trial.sweep_id, func.min(Series.min), func.max(Series.max)).join(Sweep, Sweep.id == Trial.sweep_id)
    query = query.join(Run, _is_run_of(Sweep, Trial)).join(Series, Series.run_id == Run.id)
    rows = session.execute(query.where(tuple_(Trial.sweep_id, Series.metric).in_(pairs)).group_by(Trial.sweep_id)).all() if pairs else []
    best = {sweep_id: most if metrics[sweep_id].is_maximized else least for sweep_id, least, most in rows}
    return {sweep_id: value for sweep_id, value in best.items() if value is not None}


def best(session: Session, sweep: Sweep, metric: Metric) -> Best | None:
    """Of runs that are equally good the one that was given out first."""
    value = Series.max if metric.is_maximized else Series.min
    query = select(Run, value).select_from(Trial).join(Run, and_(Run.project_id == sweep.project_id, Run.external_id == Trial.external_id))
    query = query.join(Series, Series.run_id == Run.id).where(Trial.sweep_id == sweep.id, Series.metric == metric.name, value.is_not(None))
    row = session.execute(query.order_by(value.desc() if metric.is_maximized else value, Trial.place).limit(1)).one_or_none()
    return None if row is None or row[1] is None else Best(row[0], row[1])


def busy(session: Session, sweep_ids: Sequence[str]) -> set[str]:
    """Those of the sweeps of which a run goes on, or was given out and may still begin."""
    query = select(Trial.sweep_id).join(Sweep, Sweep.id == Trial.sweep_id).outerjoin(Run, _is_run_of(Sweep, Trial)).distinct()
    goes_on = or_(Run.state.in_(("queued", "running")), and_(Run.id.is_(None), Trial.given < MOST_GIVEN))
    return set(session.scalars(query.where(Trial.sweep_id.in_(sweep_ids), goes_on))) if sweep_ids else set()


def given(session: Session, sweep: Sweep, metric: Metric | None, limit: int) -> list[Given]:
    """The newest `limit` of what was given out, in the order of their numbers."""
    value = Series.max if metric is not None and metric.is_maximized else Series.min
    query = select(Trial, Run.id, Run.name, Run.state, value).select_from(Trial)
    query = query.outerjoin(Run, and_(Run.project_id == sweep.project_id, Run.external_id == Trial.external_id))
    query = query.outerjoin(Series, and_(Series.run_id == Run.id, Series.metric == (metric.name if metric else "")))
    rows = session.execute(query.where(Trial.sweep_id == sweep.id).order_by(Trial.place.desc()).limit(limit)).all()
    return [Given(trial, run_id, name, state, best) for trial, run_id, name, state, best in rows[::-1]]


def given_to(session: Session, sweep: Sweep) -> dict[str, int]:
    """How many points each of the sweep's agents has, by the agent's id."""
    query = select(Trial.agent_id, func.count()).where(Trial.sweep_id == sweep.id).group_by(Trial.agent_id)
    return {agent_id: count for agent_id, count in session.execute(query)}  # noqa: C416 - rows, as mypy sees them, are no pairs


def agents(session: Session, sweep: Sweep, limit: int) -> list[SweepAgent]:
    """The agents that told of themselves last."""
    mine = select(SweepAgent).where(SweepAgent.sweep_id == sweep.id)
    return list(session.scalars(mine.order_by(SweepAgent.heartbeat_at.desc(), SweepAgent.id).limit(limit)))


def _is_run_of(sweep: type[Sweep], trial: type[Trial]) -> ColumnElement[bool]:
    return and_(Run.project_id == sweep.project_id, Run.external_id == trial.external_id)
