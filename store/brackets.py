"""Early stops of a sweep's runs: their values at hyperband's brackets, kept with each trial once it gets there."""

import math
from collections.abc import Sequence

from sqlalchemy import select
from sqlalchemy.orm import Session

from analysis.sweeps.hyperband import Hyperband
from analysis.sweeps.plan import Metric, Plan
from store import columns, pending, segments
from store.curves import LATEST
from store.sweep_tables import Sweep, Trial
from store.tables import Run, Series


def stop_some(session: Session, sweep: Sweep, plan: Plan, running: Sequence[Trial]) -> list[Trial]:
    """Those of the running trials that are to end, now or already told so."""
    if plan.early is not None and plan.metric is not None:
        for trial in running:
            if not trial.stopped:
                trial.stopped = _is_over(session, sweep, plan.early, plan.metric, trial)
        session.flush()
    return [trial for trial in running if trial.stopped]


def _is_over(session: Session, sweep: Sweep, rule: Hyperband, metric: Metric, trial: Trial) -> bool:
    of_run = select(Series.run_id, Series.count, Series.min, Series.max).join(Run, Run.id == Series.run_id)
    of_run = of_run.where(Run.project_id == sweep.project_id, Run.external_id == trial.external_id, Series.metric == metric.name)
    row = session.execute(of_run).one_or_none()
    if row is None:
        return False
    run_id, count, least, most = row
    if [bracket for bracket in rule.brackets if bracket <= count and str(bracket) not in trial.marks]:
        trial.marks = {str(bracket): mark for bracket, mark in _marks(session, run_id, rule, metric).items()}
        session.flush()
    everyone = session.scalars(select(Trial.marks).where(Trial.sweep_id == sweep.id))
    best = -most if metric.is_maximized and most is not None else least
    return rule.is_over(_by_bracket(trial.marks), [_by_bracket(marks) for marks in everyone if marks], math.inf if best is None else best)


def _by_bracket(marks: dict[str, float | None]) -> dict[int, float]:
    return {int(bracket): math.inf if mark is None else mark for bracket, mark in marks.items()}


def _marks(session: Session, run_id: str, rule: Hyperband, metric: Metric) -> dict[int, float | None]:
    """Best values, the smaller the better; None for none that is finite."""
    connection = session.connection()
    stored = [segments.decode(row) for row in segments.in_range(connection, run_id, metric.name, -1, LATEST)]
    waiting = pending.columns_of(connection, [run_id], [metric.name]).get((run_id, metric.name))
    values = columns.joined([*stored, waiting] if waiting is not None else stored).values
    signed = [-value if metric.is_maximized else value for value in values.tolist()]
    return {bracket: mark if math.isfinite(mark) else None for bracket, mark in rule.marks(signed).items()}
