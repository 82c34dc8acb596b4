"""What the histories of many runs look like as wholes, in as many statements as for one run."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from sqlalchemy import and_, func, select
from sqlalchemy.orm import Session

from store import history_pieces
from store.history_rows import RUNTIME, STEP, SYSTEM, TIME, plain
from store.stream_tables import HistoryPiece, Streamed
from store.streamed import EVENTS, HISTORY
from store.tables import Series

OWN = (STEP, RUNTIME, TIME)
Row = dict[str, Any]


@dataclass
class Shape:
    """`kinds`: what types of values there are under each key, and how many of each: number, string, boolean, list, map, nil, histogram ...

    `last`: the last number under each key. `last_step`: the largest step of a row; -1 when there is none.
    """

    kinds: dict[str, dict[str, int]] = field(default_factory=dict)
    last: dict[str, float] = field(default_factory=dict)
    last_step: int = -1


def shapes(session: Session, run_ids: Sequence[str]) -> dict[str, Shape]:
    found = {run_id: Shape() for run_id in run_ids}
    asked = select(Series.run_id, Series.metric, Series.count, Series.last, Series.last_step).where(Series.run_id.in_(run_ids))
    for run_id, metric, count, last, last_step in session.execute(asked.order_by(Series.run_id, Series.metric)):
        if not metric.startswith(SYSTEM):
            shape = found[run_id]
            shape.kinds[metric], shape.last[metric] = {"number": count}, last
            shape.last_step = max(shape.last_step, last_step)
    for run_id, kinds in session.execute(select(Streamed.run_id, Streamed.kinds).where(Streamed.run_id.in_(run_ids))):
        for key, counts in kinds.items():
            numbers = found[run_id].kinds.get(key, {})
            found[run_id].kinds[key] = {**numbers, **{kind: count for kind, count in counts.items() if kind not in numbers}}
    rows = _rows(session, run_ids)
    for run_id, shape in found.items():
        count, last_step = rows.get(run_id, (0, -1))
        shape.last_step = max(shape.last_step, last_step)
        if shape.kinds:  # to count the rows of a run of points alone would cost their reading
            count = count or max(counts.get("number", 0) for counts in shape.kinds.values())
            shape.kinds |= {key: {"number": count} for key in OWN}
    return found


def machines(session: Session, run_ids: Sequence[str]) -> dict[str, Row]:
    """The last that is known of each run's machine: _timestamp, _runtime, and `system.cpu` and so on; empty where nothing is."""
    found: dict[str, Row] = {run_id: {} for run_id in run_ids}
    newest = select(HistoryPiece.run_id, func.max(HistoryPiece.number).label("number"))
    newest_R = newest.where(HistoryPiece.run_id.in_(run_ids), HistoryPiece.stream == EVENTS).group_by(HistoryPiece.run_id).subquery()
    is_newest = and_(HistoryPiece.run_id == newest_R.c.run_id, HistoryPiece.number == newest_R.c.number, HistoryPiece.stream == EVENTS)
    for run_id, body in session.execute(select(HistoryPiece.run_id, HistoryPiece.body).join(newest_R, is_newest)):
        piece = history_pieces.decode(body)
        found[run_id][TIME] = float(piece.times[-1])
        if piece.runtimes[-1] == piece.runtimes[-1]:  # else a NaN: not known
            found[run_id][RUNTIME] = float(piece.runtimes[-1])
        found[run_id] |= {f"system.{key}": value for key, value in piece.extras.get(int(piece.steps[-1]), {}).items()}
    asked = select(Series.run_id, Series.metric, Series.last).where(Series.run_id.in_(run_ids), Series.metric.startswith(SYSTEM, autoescape=True))
    for run_id, metric, last in session.execute(asked.order_by(Series.run_id, Series.metric)):
        found[run_id][f"system.{metric.removeprefix(SYSTEM)}"] = plain(last)
    return found


def _rows(session: Session, run_ids: Sequence[str]) -> dict[str, tuple[int, int]]:
    """How many rows each run has, and the last step of them, of runs that were written in rows."""
    of = (HistoryPiece.run_id.in_(run_ids), HistoryPiece.stream == HISTORY)
    asked = select(HistoryPiece.run_id, HistoryPiece.first_step, HistoryPiece.last_step, HistoryPiece.count).where(*of)
    found: dict[str, tuple[int, int]] = {}
    overlapping: set[str] = set()
    for run_id, first, last, count in session.execute(asked.order_by(HistoryPiece.run_id, HistoryPiece.first_step)):
        rows, end = found.get(run_id, (0, -1))
        if first <= end:
            overlapping.add(run_id)
        found[run_id] = (rows + count, max(end, last))
    return found | {run_id: (count, found[run_id][1]) for run_id, count in _counted(session, overlapping).items()}


def _counted(session: Session, run_ids: set[str]) -> dict[str, int]:
    """How many rows there are in pieces that may speak of the same steps."""
    if not run_ids:
        return {}
    asked = select(HistoryPiece.run_id, HistoryPiece.body).where(HistoryPiece.run_id.in_(run_ids), HistoryPiece.stream == HISTORY)
    steps: dict[str, set[int]] = {run_id: set() for run_id in run_ids}
    for run_id, body in session.execute(asked):
        steps[run_id].update(history_pieces.decode(body).steps.tolist())
    return {run_id: len(found) for run_id, found in steps.items()}
