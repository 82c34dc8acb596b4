"""A metric's summary in one run, a row of `series`: read and written by the thousand, without an object each.

Letters of shapes: M metrics, N rows.
"""

from collections import OrderedDict
from collections.abc import Callable, Iterable, Mapping, Sequence

import numpy as np
from sqlalchemy import Connection

from store import database
from store.blocks import Group
from store.database import ask, in_list

# count, non_finite, first_step, last_step, last, min, min_step, max, max_step; last is None for NaN, min and max for no finite value.
Sums = tuple[int, int, int, int, float | None, float | None, int | None, float | None, int | None]
Name = tuple[str, str]  # run, metric

COLUMNS = "count, non_finite, first_step, last_step, last, min, min_step, max, max_step"
AT_ONCE = 500


def read(connection: Connection, run_ids: Sequence[str], metrics: Sequence[str]) -> Callable[[], dict[Name, Sums]]:
    """What gives those series that are there; of every run all the metrics, should several runs be asked for."""
    parts = []
    for start in range(0, len(metrics), AT_ONCE):
        some = metrics[start : start + AT_ONCE]
        text = f"SELECT run_id, metric, {COLUMNS} FROM series WHERE run_id IN {in_list(len(run_ids))} AND metric IN {in_list(len(some))}"
        parts.append(ask(connection, text, (*run_ids, *some)))
    return lambda: {(row[0], row[1]): row[2:] for rows in parts for row in rows()}


def write(connection: Connection, totals: Mapping[Name, Sums], held: Mapping[Name, Sums]) -> None:
    """Put the totals in place of what is held. A series whose extremes stay is left in their indexes."""
    fresh, ends, whole = [], [], []
    for name, total in totals.items():
        before = held.get(name)
        if before is None:
            fresh.append((*name, name[0], *total))
        elif before[5:] == total[5:]:
            ends.append((*total[:5], *name))
        else:
            whole.append((*total, *name))
    database.write(connection, _INSERT, fresh)
    database.write(connection, _UPDATE_ENDS, ends)
    database.write(connection, _UPDATE, whole)


class Memory:
    """Summaries that this process read or wrote last, good as long as nobody else has written to their run: its version says so."""

    def __init__(self, most: int = 100_000) -> None:
        self._most = most
        self._runs: OrderedDict[str, tuple[int, dict[str, Sums | None]]] = OrderedDict()
        self._count = 0

    def recall(self, run_id: str, version: int, metrics: Iterable[str]) -> dict[Name, Sums] | None:
        """Those of the metrics that are there; None when it is not known of all of them whether they are."""
        of_version, known = self._runs.get(run_id, (-1, {}))
        if of_version != version or any(metric not in known for metric in metrics):
            return None
        return {(run_id, metric): sums for metric in metrics if (sums := known[metric]) is not None}

    def keep(self, run_id: str, before: int, version: int, metrics: Iterable[str], held: Mapping[Name, Sums]) -> None:
        """What is held of these metrics since the commit of a transaction that found the run at version `before` and left it at `version`."""
        of_version, known = self._runs.pop(run_id, (before, {}))
        self._count -= len(known)
        if of_version != before:  # somebody else has written meanwhile
            known = {}
        known.update({metric: held.get((run_id, metric)) for metric in metrics})
        self._runs[run_id] = (version, known)
        self._count += len(known)
        while self._count > self._most:
            self._count -= len(self._runs.popitem(last=False)[1][1])


def summed(group: Group) -> list[Sums]:
    """The summary of each metric of the group, by its points there alone."""
    count, first, last = len(group), int(group.steps[0]), int(group.steps[-1])
    finite_MN = np.isfinite(group.values_MN)
    if finite_MN.all():
        counts = [count] * len(group.metrics)
        at_low, at_high = group.values_MN.argmin(axis=1), group.values_MN.argmax(axis=1)
    else:
        counts = finite_MN.sum(axis=1).tolist()
        at_low, at_high = np.where(finite_MN, group.values_MN, np.inf).argmin(axis=1), np.where(finite_MN, group.values_MN, -np.inf).argmax(axis=1)
    low_steps, high_steps, all_M = group.steps[at_low].tolist(), group.steps[at_high].tolist(), np.arange(len(group.metrics))
    lows, highs, lasts = group.values_MN[all_M, at_low].tolist(), group.values_MN[all_M, at_high].tolist(), group.values_MN[:, -1].tolist()
    sums: list[Sums] = []
    for place, finite in enumerate(counts):
        newest = None if lasts[place] != lasts[place] else lasts[place]
        extremes = (lows[place], low_steps[place], highs[place], high_steps[place]) if finite else (None, None, None, None)
        sums.append((count, count - finite, first, last, newest, *extremes))
    return sums


def added(held: Sums | None, new: Sums) -> Sums:
    """The summary of both together; of equal extremes the one at the smaller step."""
    if held is None:
        return new
    count, non_finite, first, last_step, last, low, low_step, high, high_step = new
    if held[3] > last_step:
        last_step, last = held[3], held[4]
    if low is None or (held[5] is not None and (held[5], held[6]) < (low, low_step)):
        low, low_step = held[5], held[6]
    if high is None or (held[7] is not None and (-held[7], held[8]) < (-high, high_step)):
        high, high_step = held[7], held[8]
    return (count + held[0], non_finite + held[1], min(first, held[2]), last_step, last, low, low_step, high, high_step)


_INSERT = f"""
INSERT INTO series (run_id, metric, project_id, {COLUMNS}) VALUES (?, ?, (SELECT project_id FROM runs WHERE id = ?), ?, ?, ?, ?, ?, ?, ?, ?, ?)
"""
_UPDATE_ENDS = "UPDATE series SET count = ?, non_finite = ?, first_step = ?, last_step = ?, last = ? WHERE run_id = ? AND metric = ?"
_UPDATE = f"UPDATE series SET {', '.join(f'{name} = ?' for name in COLUMNS.split(', '))} WHERE run_id = ? AND metric = ?"
