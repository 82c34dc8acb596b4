"""Runs as callers see them: rows, their metrics, their place in the queue and what became of their reruns, gathered in few queries."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from math import isfinite
from typing import Any, cast

import orjson
from orjson import Fragment
from sqlalchemy.orm import Session

from analysis import diff
from api import numbers
from api.answers import OPTIONS, rfc3339, rfc3339_or_null
from api.piece_cache import PieceCache
from api.schemas.layers import FindingShown
from api.schemas.others import RerunShown, VerdictShown
from api.schemas.runs import MetricSummary, Refusals, RunListed, RunShown, Told
from store import evidence, heads, lifecycle, nodes, runs, streamed, study_runs, verdicts
from store.search import rows
from store.staleness import Fleet
from store.tables import TERMINAL, Run, Verdict
from store.verdicts import Reproduced


@dataclass(frozen=True)
class Kept:
    """What of a run is kept as JSON, as values or as bytes, and its project's name."""

    project: str
    config: Any
    change: Any
    factors: list[str]
    tags: Any
    digests: dict[str, Any]


def shown(session: Session, run: Run) -> RunShown:
    (listed,) = listing(session, [run])
    refused = heads.read(session.connection(), [run.id])[run.id].refused
    refusals: Refusals = {"refused_points": refused, "refused_reason": streamed.set_aside_reason(session, run.id) if refused else None}
    said = evidence.told_by_client(session, run)
    told: Told | None = {"digests": said.digests, "links": len(said.chain)} if said else None
    findings = cast(list[FindingShown] | None, run.findings)
    return {**listed, "environment": run.environment, "warnings": flagged(listed["factors"]), "told": told, **refusals, "findings": findings}


def shown_with_verdicts(session: Session, reruns: Sequence[Run], original_id: str) -> list[RerunShown]:
    judged = verdicts.of_reruns(session, [run.id for run in reruns], original_id)
    listed = listing(session, reruns)
    fleet = Fleet.of(session)
    return [
        {**item, "environment": run.environment, "verdict": verdict(judged[run.id], fleet) if run.id in judged else None}
        for run, item in zip(reruns, listed, strict=True)
    ]


def listing(session: Session, found: Sequence[Run]) -> list[RunListed]:
    """The runs in the order given."""
    reproduced = verdicts.reproduced(session, [run.id for run in found])

    def kept(run: Run) -> Kept:
        return Kept(run.project.path, run.config, run.change, diff.factors_of(run.change), run.tags, run.digests)

    return _listing(session, found, kept, reproduced)


def page(session: Session, cache: PieceCache, ids: Sequence[str]) -> list[bytes]:
    """The runs of these ids as `listing` shows them, each as JSON; of a run that has ended, what was shown last, unless it has changed since."""
    versions, reproduced = heads.versions(session.connection(), ids), verdicts.reproduced(session, ids)
    names = {run_id: (run_id, versions.get(run_id), reproduced.get(run_id)) for run_id in ids}
    at_hand = {run_id: piece for run_id in ids if (piece := cache.get(names[run_id])) is not None}
    for item in _listed_rows(session, [run_id for run_id in ids if run_id not in at_hand], Fragment, reproduced):
        piece = at_hand[item["id"]] = orjson.dumps(item, option=OPTIONS)
        if item["state"] in TERMINAL:
            cache.put(names[item["id"]], piece, len(piece))
    return [at_hand[run_id] for run_id in ids if run_id in at_hand]


def values(session: Session, ids: Sequence[str]) -> list[RunListed]:
    """The runs of these ids as `listing` shows them."""
    return _listed_rows(session, ids, orjson.loads, verdicts.reproduced(session, ids))


def _listed_rows(session: Session, ids: Sequence[str], read: Callable[[str], Any], reproduced: Mapping[str, Reproduced]) -> list[RunListed]:
    """What is kept as JSON goes into the answer as `read` makes of it."""

    def kept(row: Any) -> Kept:
        digests = orjson.loads(row.digests) if row.origin == "managed" else {}
        factors = [] if row.baseline_id is None else diff.factors_of(orjson.loads(row.change))
        return Kept(row.project, read(row.config), read(row.change), factors, read(row.tags), digests)

    return _listing(session, rows.runs(session, ids), kept, reproduced) if ids else []


def _listing(session: Session, found: Sequence[Any], kept: Callable[[Any], Kept], reproduced: Mapping[str, Reproduced]) -> list[RunListed]:
    sums = rows.sums(session, [run.id for run in found])
    positions = runs.queue_positions(session, found)
    served = _queues_served(session) if positions else set()
    member = study_runs.of_runs(session, [run.id for run in found])
    items = []
    for run in found:
        position = positions.get(run.id)
        item = _listed(run, kept(run), sums.get(run.id, ()), position, None if position is None else waiting_for(run, served, position))
        item["studies"] = member.get(run.id, [])
        if run.id in reproduced:
            outcome, reruns, item["stale"] = reproduced[run.id]
            item["reproduced"] = {"outcome": outcome, "reruns": reruns}  # type: ignore[typeddict-item]
        items.append(item)
    return items


def flagged(factors: Sequence[str]) -> list[str]:
    """What a change of so many factors cannot show, in words; empty for one factor and none."""
    return [f"It changes {diff.many_words(factors)}."] if len(factors) > 1 else []


def waiting_for(run: Run, served: set[str], position: int) -> str:
    """Why a queued run has not started, in words."""
    bell = lifecycle.doorbell(run)
    if bell not in served:
        where = f"node {run.wanted_node}" if run.wanted_node else f"a node that serves the queue {bell}"
        return f"{where}: none answers"
    return "a free slot" if position == 1 else f"{position - 1} run{'s' if position > 2 else ''} before it"


def _queues_served(session: Session) -> set[str]:
    """The queues that some living node serves, its own among them."""
    alive = nodes.alive(session)
    return {queue for node in alive for queue in node.queues} | {f"node.{node.name}" for node in alive}


def _summary(row: Any) -> MetricSummary:
    """`row` is one of rows.sums; only the last value may be other than finite."""
    _, _, _, last, low, high, min_step, max_step, count, non_finite = row
    return {
        "last": "NaN" if last is None else last if isfinite(last) else numbers.number(last),
        "min": low,
        "max": high,
        "min_step": min_step,
        "max_step": max_step,
        "count": count,
        "non_finite": non_finite,
    }


def verdict(row: Verdict, fleet: Fleet) -> VerdictShown:
    reason = fleet.why_stale(row.judged_with)
    return cast(VerdictShown, {**row.document, "judged_at": rfc3339(row.judged_at), "stale": reason is not None, "stale_reason": reason})


def _listed(run: Any, kept: Kept, sums: Sequence[Any], position: int | None, waiting: str | None) -> RunListed:
    managed = run.origin == "managed"
    last_step = max((row[2] for row in sums), default=None)
    return {
        "id": run.id,
        "external_id": run.external_id,
        "project": kept.project,
        "name": run.name,
        "origin": run.origin,
        "state": run.state,
        "reason": run.reason,
        "config": kept.config,
        "config_digest": run.config_digest,
        "seed": run.seed,
        "created_at": rfc3339(run.created_at),
        "started_at": rfc3339_or_null(run.started_at),
        "finished_at": rfc3339_or_null(run.finished_at),
        "queue_position": position,
        "waiting_for": waiting,
        "attempt": run.attempt,
        "node": run.node,
        "progress": {"step": run.step if managed else last_step, "total": run.total_steps},
        "baseline": run.baseline_id,
        "change": kept.change,
        "factors": kept.factors,
        "rerun_of": run.rerun_of,
        "reproduced": None,
        "stale": False,
        "studies": [],
        "tags": kept.tags,
        "notes": run.notes,
        "group": run.group,
        "job_type": run.job_type,
        "sweep": run.sweep,
        "archived": run.archived,
        "digests": {name: kept.digests.get(name) for name in DIGESTS} if managed else None,
        "metrics": {row[1]: _summary(row) for row in sums},
    }


DIGESTS = ("data", "split", "order", "initial", "final", "code")
