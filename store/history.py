"""A run's history as rows, as the wandb SDK writes and reads it: numbers lie in the run's series, what else a row holds beside them by step.

Whoever writes holds the run's row locked. Rows of a run that was written in points only are read from its series.
"""

from collections.abc import Sequence
from typing import Any

import numpy as np
from sqlalchemy.orm import Session

from store import columns, console, dialect, heads, history_pieces, history_reading, history_rows, series, streamed
from store.blocks import Group
from store.history_reading import count as count
from store.history_reading import events as events
from store.history_reading import last_step as last_step
from store.history_reading import rows as rows
from store.history_reading import sampled as sampled
from store.history_reading import spread as spread
from store.history_reading import tail as tail
from store.history_rows import SYSTEM, Rows
from store.series import HELD
from store.streamed import EVENTS, HISTORY
from store.tables import Run


def append(session: Session, run_id: str, offset: int, lines: Sequence[Any], moment: float, writer: str = "") -> int:
    """How many points came with those of the lines, the first of which is number `offset` of this writer, that were not taken before.

    At a step that is there already keys are merged, and the later value holds; but between writers none loses: a row that says something else of a
    key that another writer's row of that step has goes behind all others. A line that cannot be taken is set aside and counted.
    """
    fresh = streamed.fresh(streamed.mark(session, run_id, HISTORY, writer), offset, lines)
    if not fresh:
        return 0
    last = last_step(session, run_id)
    if last >= 0 and not history_pieces.are_there(session, run_id, HISTORY):
        _adopt(session, run_id)
    rows = history_rows.read(fresh, last + 1, moment)
    if writer and len(rows) and rows.steps[0] <= last:
        rows = _made_room(session, run_id, rows, last)
    points, refused = _put(session, run_id, rows)
    beside = rows if not len(rows) or rows.steps[0] > last else rows.with_numbers_beside(last)
    history_pieces.put(session, run_id, HISTORY, beside)
    if rows.extras:
        streamed.count_kinds(streamed.of(session, run_id), rows.extras, history_rows.kind_of)
    streamed.set_aside(session, run_id, [*rows.bad, *refused])
    session.flush()
    heads.advance(session.connection(), run_id)
    return points


def append_events(session: Session, run_id: str, offset: int, lines: Sequence[Any], moment: float, writer: str = "") -> None:
    """System metrics: `system.cpu` becomes the series system/cpu, its steps counted from 0 over all writers."""
    fresh = streamed.fresh(streamed.mark(session, run_id, EVENTS, writer), offset, lines)
    begin = history_pieces.last_step(session, run_id, EVENTS) + 1
    named: list[str] = []
    bad: list[str] = []
    for line in fresh:
        try:
            row = history_rows.parsed(line)
        except history_rows.BadLine as error:
            bad.append(str(error))
            continue
        told = {key.removeprefix("system."): value for key, value in row.items() if key.startswith("system.")}
        kept = {key: row[key] for key in (history_rows.TIME, history_rows.RUNTIME) if key in row}
        named.append(dialect.dumps({**told, **kept, history_rows.STEP: begin + len(named)}))
    rows = history_rows.read(named, begin, moment)
    groups = [Group(tuple(f"{SYSTEM}{name}"[: history_rows.LONGEST_KEY] for name in g.metrics), g.steps, g.times, g.values_MN) for g in rows.groups()]
    if groups:
        session.flush()
        connection = session.connection()
        series.append_all(connection, heads.read(connection, [run_id]), {run_id: groups})
    history_pieces.put(session, run_id, EVENTS, rows)
    streamed.set_aside(session, run_id, [*bad, *rows.bad])


def clear(session: Session, run: Run) -> None:
    """Drop all that the run's streams brought: history, system metrics, output, summary, and how far they were taken."""
    series.truncate(session, run.id, 0)
    for stream in (HISTORY, EVENTS):
        history_pieces.cut(session, run.id, stream, 0)
    console.clear(session, run.id)
    streamed.forget(session, run)
    session.flush()
    heads.advance(session.connection(), run.id)


def truncate(session: Session, run_id: str, last: int) -> int:
    """How many rows are left: those up to the step `last`, included. The summary is then the last row; the next line has the number of rows."""
    _cut_series(session, run_id, last + 1)
    history_pieces.cut(session, run_id, HISTORY, last + 1)
    return _settled(session, run_id)


def copy(session: Session, from_run: str, to_run: str, last: int) -> int:
    """How many rows the other run, which has none, was given: those up to the step `last`, included. The next line has the number of rows."""
    connection = session.connection()
    for metric in series.metric_names(session, from_run):
        column = columns.empty() if metric.startswith(SYSTEM) else series.read(session, from_run, metric, None, last)
        if len(column):
            group = Group((metric,), column.steps, columns.milliseconds(column.times), column.values[np.newaxis])
            series.append_all(connection, heads.read(connection, [to_run]), {to_run: [group]})
    for number, piece in enumerate(history_pieces.walk(session, from_run, HISTORY, 0, last)):
        if len(piece):
            history_pieces.write(session, to_run, HISTORY, number, piece)
    if last_step(session, to_run) >= 0 and not history_pieces.are_there(session, to_run, HISTORY):
        _adopt(session, to_run)
    return _settled(session, to_run)


def _settled(session: Session, run_id: str) -> int:
    left = count(session, run_id)
    held = streamed.of(session, run_id)
    held.kinds = {}
    for piece in history_pieces.walk(session, run_id, HISTORY):
        streamed.count_kinds(held, piece.extras, history_rows.kind_of)
    streamed.set_lines(session, run_id, HISTORY, left)
    streamed.set_summary(session, run_id, tail(session, run_id) or {})
    return left


def _put(session: Session, run_id: str, rows: Rows) -> tuple[int, list[str]]:
    """Write the rows' numbers; how many are held, and a word for each metric that the run has no room for."""
    groups = rows.groups()
    if not groups:
        return 0, []
    session.flush()
    connection = session.connection()
    head = heads.read(connection, [run_id])[run_id]
    before = head.refused
    appended = series.append_all(connection, {run_id: head}, {run_id: groups})[run_id]
    if not appended.refused_count:
        return appended.accepted, []
    others = [refusal for refusal in appended.refused if refusal.held is None]
    changed = [refusal.step for refusal in appended.refused if refusal.held is not None and refusal.reason == HELD]
    if changed or appended.refused_count > len(appended.refused):
        full = {refusal.metric for refusal in others}
        low = min(changed) if appended.refused_count == len(appended.refused) else int(rows.steps[0])
        _overwrite(session, run_id, [g.only([i for i, name in enumerate(g.metrics) if name not in full]) for g in groups], low)
    head = heads.read(connection, [run_id])[run_id]
    head.refused = before
    heads.write(connection, [head])
    return appended.accepted, [f"{refusal.metric[:100]} at step {refusal.step}: {refusal.reason}" for refusal in others]


def _overwrite(session: Session, run_id: str, groups: Sequence[Group], low: int) -> None:
    """Let these values hold from the step `low` on, whatever was held there: what stands behind it is written anew."""
    new = {name: (group.steps, group.values_MN[place]) for group in groups for place, name in enumerate(group.metrics)}
    behind = []
    for metric in series.metric_names(session, run_id):
        if metric.startswith(SYSTEM):
            continue
        column = series.read(session, run_id, metric, low)
        if not len(column):
            continue
        values = column.values.copy()
        if metric in new:
            steps, sent = new[metric]
            at = np.searchsorted(column.steps, steps)
            is_there = (at < len(values)) & (column.steps[np.minimum(at, len(values) - 1)] == steps)
            values[at[is_there]] = sent[is_there]
        behind.append(Group((metric,), column.steps, columns.milliseconds(column.times), values[np.newaxis]))
    _cut_series(session, run_id, low)
    connection = session.connection()
    series.append_all(connection, heads.read(connection, [run_id]), {run_id: behind})


def _cut_series(session: Session, run_id: str, from_step: int) -> None:
    """Drop the points from that step on, but not those of system metrics, whose steps count something else."""
    kept = []
    for metric in series.metric_names(session, run_id):
        column = series.read(session, run_id, metric, from_step) if metric.startswith(SYSTEM) else columns.empty()
        if len(column):
            kept.append(Group((metric,), column.steps, columns.milliseconds(column.times), column.values[np.newaxis]))
    session.flush()
    series.truncate(session, run_id, from_step)
    session.expire_all()
    connection = session.connection()
    if kept:
        series.append_all(connection, heads.read(connection, [run_id]), {run_id: kept})


def _made_room(session: Session, run_id: str, rows: Rows, last: int) -> Rows:
    """The rows, those that say something of a key that is held at their step moved behind all others."""
    low, high = int(rows.steps[0]), int(rows.steps[-1])
    collides = np.zeros(len(rows), np.bool_)
    known = set(series.metric_names(session, run_id))
    for key, (at, _) in rows.numbers.items():
        if key in known:
            collides[at] |= np.isin(rows.steps[at], series.read(session, run_id, key, low, high).steps)
    for piece in history_pieces.walk(session, run_id, HISTORY, low, high):
        for step, extra in piece.extras.items():
            if not extra.keys().isdisjoint(rows.extras.get(step, ())):
                collides[np.searchsorted(rows.steps, step)] = True
    if not collides.any():
        return rows
    steps = rows.steps.copy()
    behind = max(last, int(steps[~collides].max(initial=-1))) + 1
    steps[collides] = behind + np.arange(int(collides.sum()))
    return rows.moved(steps)


def _adopt(session: Session, run_id: str) -> None:
    """Make rows of the points of a run that was written in points only: from now on it has rows."""
    steps, times = history_reading.clock(session, run_id)
    if len(steps):
        history_pieces.write(session, run_id, HISTORY, 0, history_pieces.Piece(steps, times, np.full(len(steps), np.nan), {}))
