"""Appends to PostgreSQL by one statement, which is the whole transaction: one question and one answer, where the usual way takes several.

It serves runs to which this process was the last to write, and what comes to one block each (`series.alone`). What has to be known of a run is known
from then. The statement compares it with the rows, which it locks, and writes nothing at all when anything has changed.
"""

import time
from collections import OrderedDict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from math import isfinite
from typing import Any

import orjson
from sqlalchemy import Connection

from store import heads, series, sums
from store.blocks import Group
from store.database import ask, note_written
from store.heads import Head
from store.logged import HEARTBEAT_EVERY_S, Logged
from store.series import Alone, Appended
from store.sums import Sums

MOST_KNOWN = 10_000


@dataclass(frozen=True)
class Known:
    """A run as this process left it: good until a sign of life of it is due, which is noted in the usual way. Both times are of time.monotonic()."""

    run: Logged
    head: Head
    seen_at: float
    until: float

    @property
    def moment(self) -> float:
        """What the database's clock says now."""
        return self.run.moment + time.monotonic() - self.seen_at


class KnownRuns:
    """The runs to which this process was the last to write."""

    def __init__(self) -> None:
        self._runs: OrderedDict[str, Known] = OrderedDict()

    def get(self, run_id: str) -> Known | None:
        known = self._runs.get(run_id)
        return known if known is not None and time.monotonic() < known.until else None

    def learn(self, runs: Iterable[Logged]) -> None:
        """Those of a transaction in the usual way that is committed: as `logged.lock` found them, their heads moved on."""
        now = time.monotonic()
        for run in runs:
            age_s = run.moment - run.heartbeat_at
            rest_s = HEARTBEAT_EVERY_S - age_s if age_s < HEARTBEAT_EVERY_S else HEARTBEAT_EVERY_S
            self.forget([run.run_id])
            if run.origin == "client" and run.state == "running":
                self.keep(Known(run, run.head, now, now + rest_s))

    def keep(self, known: Known) -> None:
        self._runs[known.run.run_id] = known
        if len(self._runs) > MOST_KNOWN:
            self._runs.popitem(last=False)

    def forget(self, run_ids: Iterable[str]) -> None:
        for run_id in run_ids:
            self._runs.pop(run_id, None)


@dataclass(frozen=True)
class _Plan:
    known: Known
    held: Mapping[sums.Name, Sums]
    write: Alone


def append(connection: Connection, runs: KnownRuns, memory: sums.Memory, sent: Mapping[str, Sequence[Group]]) -> dict[str, Appended] | None:
    """What was taken of the groups, by their runs' ids, and is committed; None when nothing was written: they have to go the usual way."""
    plans: dict[str, _Plan] = {}
    for run_id, groups in sent.items():
        plan = _plan(runs, memory, run_id, groups)
        if plan is None:
            return None
        plans[run_id] = plan
    runs.forget(sent)  # an error leaves open what became of it
    if not ask(connection, _APPEND, _values(plans.values()))():
        return None
    note_written(connection, sent.keys())
    for run_id, plan in plans.items():
        before, after = plan.known.head.version, plan.write.head.version
        runs.keep(replace(plan.known, head=plan.write.head))
        memory.keep(run_id, before, after, series.metrics_of([sent[run_id]]), {**plan.held, **plan.write.totals})
    return {run_id: plan.write.result for run_id, plan in plans.items()}


def _plan(runs: KnownRuns, memory: sums.Memory, run_id: str, groups: Sequence[Group]) -> _Plan | None:
    known = runs.get(run_id)
    held = None if known is None else memory.recall(run_id, known.head.version, series.metrics_of([groups]))
    if known is None or held is None:
        return None
    write = series.alone(known.head, groups, held)
    return None if write is None else _Plan(known, held, write)


def _values(plans: Iterable[_Plan]) -> tuple[str, bytes, str]:
    """JSON of the runs, their blocks one behind another, and JSON of the summaries: one text of the statement serves any number of each."""
    runs: list[dict[str, Any]] = []
    totals: list[dict[str, Any]] = []
    bodies = bytearray()
    for plan in plans:
        run, head = plan.known.run, plan.write.head
        of_block = {"start": len(bodies) + 1, "size": len(plan.write.body)}
        of_head = {"version": head.version, "blocks": heads.packed(head.blocks)}
        runs.append({"run": run.run_id, "project": run.project_id, "before": plan.known.head.version, **of_head, **of_block})
        bodies += plan.write.body
        for (run_id, metric), total in plan.write.totals.items():
            totals.append({"run": run_id, "metric": metric, **dict(zip(_SUMS, map(_number, total), strict=True))})
    return orjson.dumps(runs).decode(), bytes(bodies), orjson.dumps(totals).decode()


def _number(value: float | None) -> float | str | None:
    """The infinities, which JSON does not have, as PostgreSQL reads them."""
    return value if value is None or isfinite(value) else str(value)


_SUMS = sums.COLUMNS.split(", ")
_OF_SUMS = ", ".join(f"{name} {'float8' if name in ('last', 'min', 'max') else 'bigint'}" for name in _SUMS)
# What lies in the rows is compared after they are locked, so that it is what was committed last; `agreed` has a row when all runs are as expected.
_APPEND = f"""
WITH sent AS MATERIALIZED (
    SELECT * FROM json_to_recordset(?::json)
    AS x (run text, project text, before bigint, version bigint, blocks text, start int, size int)
), locked AS MATERIALIZED (
    SELECT r.state = 'running' AND r.project_id = sent.project AND h.version = sent.before AS is_expected
    FROM sent JOIN runs r ON r.id = sent.run JOIN heads h ON h.run_id = sent.run
    ORDER BY sent.run FOR NO KEY UPDATE OF r, h
), agreed AS MATERIALIZED (
    SELECT FROM locked HAVING count(*) FILTER (WHERE is_expected) = (SELECT count(*) FROM sent)
), put_down AS (
    INSERT INTO blocks (run_id, number, body)
    SELECT sent.run, sent.version, substring(?::bytea FROM sent.start FOR sent.size) FROM sent, agreed
), summed_up AS (
    UPDATE series SET {", ".join(f"{name} = x.{name}" for name in _SUMS)}
    FROM agreed, json_to_recordset(?::json) AS x (run text, metric text, {_OF_SUMS})
    WHERE series.run_id = x.run AND series.metric = x.metric
), moved_on AS (
    UPDATE heads SET version = sent.version, blocks = sent.blocks, stamp = {heads.STAMP["postgresql"]}
    FROM sent, agreed WHERE heads.run_id = sent.run
)
SELECT 1 FROM agreed
"""
