"""Runs as callers see them: rows, their metrics, their place in the queue and what became of their reruns, gathered in few queries."""

from collections.abc import Sequence
from typing import cast

from sqlalchemy.orm import Session

from api import numbers
from api.answers import rfc3339, rfc3339_or_null
from api.schemas.others import RerunShown, VerdictShown
from api.schemas.runs import MetricSummary, RunListed, RunShown
from store import lifecycle, nodes, runs, series, verdicts
from store.tables import Run, Series, Verdict


def shown(session: Session, run: Run) -> RunShown:
    (listed,) = listing(session, [run])
    return {**listed, "environment": run.environment}


def shown_with_verdicts(session: Session, reruns: Sequence[Run], original_id: str) -> list[RerunShown]:
    judged = verdicts.of_reruns(session, [run.id for run in reruns], original_id)
    listed = listing(session, reruns)
    return [
        {**item, "environment": run.environment, "verdict": verdict(judged[run.id]) if run.id in judged else None}
        for run, item in zip(reruns, listed, strict=True)
    ]


def listing(session: Session, found: Sequence[Run]) -> list[RunListed]:
    """The runs in the order given."""
    ids = [run.id for run in found]
    summaries = series.summaries(session, ids)
    reproduced = verdicts.reproduced(session, ids)
    positions = runs.queue_positions(session, found)
    served = _queues_served(session) if positions else set()
    items = []
    for run in found:
        position = positions.get(run.id)
        item = _listed(run, summaries[run.id], position, None if position is None else waiting_for(run, served, position))
        if run.id in reproduced:
            outcome, reruns = reproduced[run.id]
            item["reproduced"] = {"outcome": outcome, "reruns": reruns}  # type: ignore[typeddict-item]
        items.append(item)
    return items


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


def summary(series: Series) -> MetricSummary:
    return {
        "last": numbers.number(series.last),
        "min": numbers.out(series.min),
        "max": numbers.out(series.max),
        "min_step": series.min_step,
        "max_step": series.max_step,
        "count": series.count,
        "non_finite": series.non_finite,
    }


def verdict(row: Verdict) -> VerdictShown:
    return cast(VerdictShown, {**row.document, "judged_at": rfc3339(row.judged_at), "stale": False})


def _listed(run: Run, metrics: dict[str, Series], position: int | None, waiting: str | None) -> RunListed:
    managed = run.origin == "managed"
    last_step = max((series.last_step for series in metrics.values()), default=None)
    return {
        "id": run.id,
        "external_id": run.external_id,
        "project": run.project.path,
        "name": run.name,
        "origin": run.origin,  # type: ignore[typeddict-item]
        "state": run.state,  # type: ignore[typeddict-item]
        "reason": run.reason,
        "config": run.config,
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
        "change": run.change,
        "rerun_of": run.rerun_of,
        "reproduced": None,
        "studies": [],
        "tags": run.tags,
        "notes": run.notes,
        "archived": run.archived,
        "digests": {name: run.digests.get(name) for name in DIGESTS} if managed else None,
        "metrics": {name: summary(row) for name, row in metrics.items()},
    }


DIGESTS = ("data", "split", "order", "initial", "final", "code")
