"""Points in, points out. Appending is idempotent: a point that is already held, bit for bit, is accepted and not doubled.

What comes after all that is held of its metric is put down as it came (pending.py). The rest is held against what is there, first.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace

import numpy as np
from sqlalchemy import Connection, delete, func, select
from sqlalchemy.orm import Session

from analysis.points import same_bits
from store import blocks, chain, columns, heads, pending, segments, sums, turns
from store.blocks import Group
from store.columns import Column, Steps, Values
from store.fence import Claim, must_own
from store.heads import Head
from store.sums import Sums
from store.tables import Series

NEVER_THE_SAME = "system/"
MOST_METRICS = 10_000
MOST_LISTED = 10_000
HELD = "this step already holds another value, which stays"


@dataclass(frozen=True)
class Points:
    """Values of some metrics at some steps; None is no value. `times` are seconds since the epoch."""

    steps: Sequence[int] | Steps
    times: Sequence[float] | Values
    metrics: Mapping[str, Sequence[float | None] | Values]

    def groups(self) -> list[Group]:
        steps, times = np.asarray(self.steps, np.int64), columns.milliseconds(np.asarray(self.times, np.float64))
        return blocks.grouped(steps, times, {metric: blocks.masked(column) for metric, column in self.metrics.items()})


@dataclass(frozen=True)
class Refusal:
    """A point that was not taken, and why; `held` is the value kept at that step, None when there is none."""

    metric: str
    step: int
    reason: str
    held: float | None
    got: float


@dataclass
class Appended:
    """How many values are now held (new or already there), how many were refused, and the first 10,000 of these."""

    accepted: int = 0
    refused: list[Refusal] = field(default_factory=list)
    refused_count: int = 0

    def refuse(self, refusal: Refusal) -> None:
        self.refused_count += 1
        if len(self.refused) < MOST_LISTED:
            self.refused.append(refusal)


@dataclass(frozen=True)
class Alone:
    """An append that comes to one block behind all that is held, and to summaries in place of others."""

    head: Head
    body: bytes
    totals: Mapping[sums.Name, Sums]
    result: Appended


@dataclass
class _Writing:
    """What one transaction does to one run."""

    head: Head
    result: Appended = field(default_factory=Appended)
    fresh: list[Group] = field(default_factory=list)
    late: list[Group] = field(default_factory=list)
    is_changed: bool = False


def append(session: Session, run_id: str, points: Points, most_metrics: int = MOST_METRICS) -> Appended:
    """Take every value that is new, accept those already held, refuse those that differ from what is held.

    The caller holds the run's row locked, so that two appends to one run cannot cross.
    """
    session.flush()
    connection = session.connection()
    return append_all(connection, heads.read(connection, [run_id]), {run_id: points.groups()}, most_metrics)[run_id]


def append_all(
    connection: Connection,
    known: Mapping[str, Head],
    sent: Mapping[str, Sequence[Group]],
    most_metrics: int = MOST_METRICS,
    held: dict[sums.Name, Sums] | None = None,
) -> dict[str, Appended]:
    """Append to several runs, by their ids, with as many statements as to one. The heads are moved on.

    `held` are the summaries of what is there, if the caller has read them (see `metrics_of`); they are moved on, too.
    """
    held = sums.read(connection, list(sent), metrics_of(sent.values()))() if held is None else held
    writing = {run_id: _Writing(known[run_id]) for run_id in sent}
    totals: dict[sums.Name, Sums] = {}
    for run_id, groups in sent.items():
        run = writing[run_id]
        for group in _admitted(run, groups, held, most_metrics):
            _sort_out(run, group, held)
        if run.fresh:
            _put_down(connection, run, held, totals)
    sums.write(connection, totals, held)
    held.update(totals)
    for run in writing.values():
        if run.late:
            _merge_late(connection, run, held)
    heads.write(connection, [run.head for run in writing.values() if run.is_changed or run.result.refused_count])
    return {run_id: run.result for run_id, run in writing.items()}


def alone(head: Head, groups: Sequence[Group], held: Mapping[sums.Name, Sums]) -> Alone | None:
    """The append of these groups to a run, of whose metrics `held` are all the summaries; None when there is more to it. The head stays as it is."""
    run = _Writing(replace(head, blocks=list(head.blocks)))
    if any((head.run_id, metric) not in held for group in groups for metric in group.metrics):
        return None
    for group in groups:
        _sort_out(run, group, held)
    if run.late or not run.fresh:
        return None
    numbered, run.head.version = blocks.numbered(run.fresh, head.version)
    body = pending.alone(run.head, numbered)
    if body is None:
        return None
    totals: dict[sums.Name, Sums] = {}
    _sum_up(run, held, totals)
    return Alone(run.head, body, totals, run.result)


def metrics_of(sent: Iterable[Sequence[Group]]) -> list[str]:
    return list({metric: None for groups in sent for group in groups for metric in group.metrics})


def append_attempt(session: Session, claim: Claim, points: Points) -> int | None:
    """Take a managed run's points. Returns None, or the first step from which an earlier attempt's history had to give way.

    An attempt that starts again sends the same points again. Where they differ from the earlier attempt's, the run's history
    becomes this attempt's from that step on: never a mixture of two. Throughput and memory always differ and change nothing.
    Raises LeaseLost.
    """
    must_own(session, claim)
    result = append(session, claim.run_id, points)
    differing = [refusal.step for refusal in result.refused if refusal.held is not None and not refusal.metric.startswith(NEVER_THE_SAME)]
    if not differing:
        return None
    truncate(session, claim.run_id, min(differing))
    chain.cut(session, claim.run_id, min(differing))
    append(session, claim.run_id, points)
    return min(differing)


def truncate(session: Session, run_id: str, from_step: int) -> None:
    """Drop every point of the run at `from_step` and after, in all metrics."""
    connection = session.connection()
    head = heads.read(connection, [run_id])[run_id]
    head.version += 1
    turns.cut(connection, run_id, head.version, from_step)
    pending.seal(connection, head)
    gone = segments.from_step(connection, run_id, from_step)
    kept = [group.rows(group.steps < from_step) for group in map(segments.group_of, ([row] for row in gone))]
    segments.drop(connection, run_id, gone)
    segments.write(connection, head, [group for group in kept if len(group)], is_open=False)
    segments.drop_clocks(connection, run_id, {row.clock for row in gone})
    cut = [Series.run_id == run_id, Series.last_step >= from_step]
    metrics = session.scalars(select(Series.metric).where(*cut)).all()
    session.execute(delete(Series).where(*cut), execution_options={"synchronize_session": False})
    rest = [(metric, read(session, run_id, metric)) for metric in metrics]
    alone = [(metric, Group((metric,), column.steps, columns.milliseconds(column.times), column.values[np.newaxis])) for metric, column in rest]
    sums.write(connection, {(run_id, metric): sums.summed(group)[0] for metric, group in alone if len(group)}, {})
    head.metrics = count_metrics(session, run_id)
    heads.write(connection, [head])


def read(session: Session, run_id: str, metric: str, from_step: int | None = None, to_step: int | None = None) -> Column:
    """A metric's points in ascending order of step, both ends included; empty when the run has no such metric."""
    low, high = -1 if from_step is None else from_step, 2**63 - 1 if to_step is None else to_step
    connection = session.connection()
    parts = [segments.decode(row) for row in segments.in_range(connection, run_id, metric, low, high)]
    parts += pending.columns_of(connection, [run_id], [metric]).values()
    column = columns.joined(parts)
    start, stop = int(np.searchsorted(column.steps, low, "left")), int(np.searchsorted(column.steps, high, "right"))
    return column.take(slice(start, stop))


def summaries(session: Session, run_ids: Sequence[str]) -> dict[str, dict[str, Series]]:
    """Each run's metrics by name, in the order of their names."""
    found: dict[str, dict[str, Series]] = {run_id: {} for run_id in run_ids}
    for series in session.scalars(select(Series).where(Series.run_id.in_(run_ids)).order_by(Series.run_id, Series.metric)):
        found[series.run_id][series.metric] = series
    return found


def metric_names(session: Session, run_id: str) -> list[str]:
    return list(session.scalars(select(Series.metric).where(Series.run_id == run_id).order_by(Series.metric)))


def count_metrics(session: Session, run_id: str) -> int:
    return session.scalar(select(func.count()).select_from(Series).where(Series.run_id == run_id)) or 0


def _admitted(run: _Writing, groups: Sequence[Group], held: Mapping[sums.Name, Sums], most_metrics: int) -> list[Group]:
    """The groups without the metrics for which the run has no room; the first that come get in."""
    run_id, admitted = run.head.run_id, []
    for group in groups:
        places = []
        for place, metric in enumerate(group.metrics):
            if (run_id, metric) not in held:
                if run.head.metrics >= most_metrics:
                    _refuse_all(run, group, place, f"the run has {run.head.metrics:,} metrics, as many as it may have")
                    continue
                run.head.metrics += 1
            places.append(place)
        if places:
            admitted.append(group.only(places))
    return admitted


def _refuse_all(run: _Writing, group: Group, place: int, reason: str) -> None:
    for step, value in zip(group.steps.tolist(), group.values_MN[place].tolist(), strict=True):
        run.result.refuse(Refusal(group.metrics[place], step, reason, None, value))
    run.head.refused += len(group)


def _sort_out(run: _Writing, group: Group, held: Mapping[sums.Name, Sums]) -> None:
    """Points that come after all others of their metric are fresh; a step's second value, and what lies among those held, is late."""
    run.result.accepted += len(group) * len(group.metrics)
    if not group.is_ascending:
        first = np.diff(group.steps, prepend=-1) > 0
        run.late.append(group.rows(~first))
        group = group.rows(first)
    begin = int(group.steps[0])
    ends = [held.get((run.head.run_id, metric)) for metric in group.metrics]
    is_after = [end is None or begin > end[3] for end in ends]
    if all(is_after):
        run.fresh.append(group)
        return
    if any(is_after):
        run.fresh.append(group.only([place for place, after in enumerate(is_after) if after]))
    run.late.insert(0, group.only([place for place, after in enumerate(is_after) if not after]))


def _put_down(connection: Connection, run: _Writing, held: Mapping[sums.Name, Sums], totals: dict[sums.Name, Sums]) -> None:
    run.is_changed = True
    numbered, run.head.version = blocks.numbered(run.fresh, run.head.version)
    pending.put(connection, run.head, numbered)
    _sum_up(run, held, totals)


def _sum_up(run: _Writing, held: Mapping[sums.Name, Sums], totals: dict[sums.Name, Sums]) -> None:
    for group in run.fresh:
        for metric, new in zip(group.metrics, sums.summed(group), strict=True):
            name = (run.head.run_id, metric)
            totals[name] = sums.added(held.get(name), new)


def _merge_late(connection: Connection, run: _Writing, held: dict[sums.Name, Sums]) -> None:
    """Hold late points against what is there; those that are new are put among the others."""
    for group in run.late:
        for place, metric in enumerate(group.metrics):
            part, name = group.only([place]), (run.head.run_id, metric)
            while len(part):  # a step that is named several times leaves a part for each
                again = np.diff(part.steps, prepend=-1) <= 0
                fresh = _merge(connection, run, part.rows(~again))
                if len(fresh):
                    total = sums.added(held.get(name), sums.summed(fresh)[0])
                    sums.write(connection, {name: total}, held)
                    held[name] = total
                part = part.rows(again)


def _merge(connection: Connection, run: _Writing, late: Group) -> Group:
    """The points of one metric that are new, written; the others are compared, and refused where they differ."""
    (metric,), low, high = late.metrics, int(late.steps[0]), int(late.steps[-1])
    held = columns.joined(
        [segments.decode(row) for row in segments.in_range(connection, run.head.run_id, metric, low, high)]
        + list(pending.columns_of(connection, [run.head.run_id], [metric]).values())
    )
    is_held = _compared(run, late, held)
    fresh = late.rows(~is_held)
    if not len(fresh):
        return fresh
    run.is_changed = True
    numbered, run.head.version = blocks.numbered([fresh], run.head.version)
    pending.seal(connection, run.head)
    touched = segments.to_rewrite(connection, run.head.run_id, metric, low, high)
    segments.drop(connection, run.head.run_id, touched)
    whole = blocks.merged([*([segments.group_of(touched)] if touched else []), *numbered])
    segments.write(connection, run.head, whole, is_open=False)
    segments.drop_clocks(connection, run.head.run_id, {row.clock for row in touched})
    segments.close(connection, run.head.run_id, metric, int(whole[0].steps[-1]))
    return fresh


def _compared(run: _Writing, late: Group, held: Column) -> np.ndarray[tuple[int], np.dtype[np.bool_]]:
    """Where the late points' steps are held already; values that differ from those held are refused."""
    if not len(held):
        return np.zeros(len(late), np.bool_)
    at = np.minimum(np.searchsorted(held.steps, late.steps), len(held) - 1)
    is_held = held.steps[at] == late.steps
    values = late.values_MN[0]
    for place in np.flatnonzero(is_held & ~same_bits(np.ascontiguousarray(held.values[at]), np.ascontiguousarray(values))):
        run.result.refuse(Refusal(late.metrics[0], int(late.steps[place]), HELD, float(held.values[at[place]]), float(values[place])))
        run.result.accepted -= 1
        run.head.refused += 1
    return np.asarray(is_held, np.bool_)
