"""Canaries: one small run, trained again and again on every living node, that tells which node's bits are no longer the others'.

What the nodes gave is compared by one digest of all of it. The original has a vote, too, and decides where no group of nodes is the largest.
"""

import hashlib
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from sqlalchemy import delete, func, select
from sqlalchemy.orm import Session

from analysis.evidence import CHECKED_DIGESTS
from store import automatic, evidence, nodes, policies
from store.database import now
from store.tables import TRASH, AutomaticRerun, Policy, Run, Verdict

ORIGINAL = "original"  # stands for the original's bits while no node has given the same
KEPT = 30  # reruns of a canary that are kept for each node
BUILT_IN: dict[str, Any] = {
    # Small enough for every night, and yet through what parts first: matrix products, batch norm, dropout, Adam.
    "dataset": {"name": "digits"},
    "model": {"kind": "mlp", "hidden": [64, 64], "norm": {"kind": "batch"}, "dropout": {"p": 0.2}},
    "optimizer": {"kind": "adam", "lr": 0.01},
    "total_iterations": 60,
    "batch_size": 64,
    "device": "cpu",
}


@dataclass(frozen=True)
class Result:
    """What one rerun of a canary gave. `bits` is None when it did not finish."""

    rerun_id: str
    node: str
    ended_at: float
    bits: str | None
    outcome: str | None


@dataclass(frozen=True)
class Standing:
    """A node by its last canary that finished; `agrees` is None when none has, `since` tells how long it has not."""

    node: str
    last: Result
    agrees: bool | None
    since: float | None


@dataclass(frozen=True)
class Flock:
    """A project's canary: its original, and how every node stands that has trained it. `original_agrees`: the nodes still give what it gave."""

    project_id: str
    original_id: str
    standings: Sequence[Standing]
    original_agrees: bool | None


def queue_due(session: Session, policy: Policy) -> list[Run]:
    """Canaries for the living nodes that had none for so long. The policy's row is locked: two that look at once do not queue twice."""
    original = policies.original(session, policy.canary_run_id)
    if original is None or policy.canary_every_s is None:
        return []
    mine = (AutomaticRerun.original_id == original.id, AutomaticRerun.cause == "canary")
    latest = select(AutomaticRerun.node, func.max(AutomaticRerun.made_at)).where(*mine).group_by(AutomaticRerun.node)
    made_at: dict[str | None, float] = {row[0]: row[1] for row in session.execute(latest)}
    busy = set(session.scalars(select(AutomaticRerun.node).where(*mine, AutomaticRerun.ended_at.is_(None))))
    overdue_since = (session.scalar(select(now())) or 0.0) - policy.canary_every_s
    able = [node.name for node in nodes.alive(session) if original.queue in node.queues and node.name not in busy]
    return [automatic.add(session, original, "canary", name) for name in able if made_at.get(name, 0.0) <= overdue_since]


def forsaken(session: Session) -> list[Run]:
    """Queued canaries of nodes that do not answer: they would wait for a dead node for ever. Their rows are locked."""
    alive = [node.name for node in nodes.alive(session)]
    lost = select(Run).join(AutomaticRerun, AutomaticRerun.rerun_id == Run.id).where(AutomaticRerun.cause == "canary", Run.state == "queued")
    return list(session.scalars(lost.where(AutomaticRerun.node.not_in(alive)).with_for_update(of=Run, skip_locked=True)))


def forget(session: Session, rerun_id: str) -> None:
    """The canary does not count: its node is due for another one as soon as it is back."""
    session.execute(delete(AutomaticRerun).where(AutomaticRerun.rerun_id == rerun_id))


def surplus(session: Session, project_id: str) -> list[str]:
    """Reruns beyond those that are kept for each node, oldest first."""
    age = func.row_number().over(partition_by=AutomaticRerun.node, order_by=AutomaticRerun.made_at.desc()).label("age")
    rows = select(AutomaticRerun.rerun_id, AutomaticRerun.made_at, age).join(Run, Run.id == AutomaticRerun.rerun_id)
    ranked = rows.where(AutomaticRerun.project_id == project_id, AutomaticRerun.cause == "canary", Run.project_id != TRASH).subquery()
    return list(session.scalars(select(ranked.c.rerun_id).where(ranked.c.age > KEPT).order_by(ranked.c.made_at).limit(100)))


def settle(session: Session, rerun: Run) -> None:
    """Note that a rerun which was queued by itself has ended; nothing for any other."""
    made = session.get(AutomaticRerun, rerun.id)
    if made is None:
        return
    made.ended_at = session.scalar(select(now()))
    if made.cause == "canary" and rerun.state == "finished":
        made.bits = bits(session, rerun)
    session.flush()


def bits(session: Session, run: Run) -> str:
    """One digest of all that a verdict looks at. NaN is one value, whatever its payload."""
    left = evidence.of(session, run)
    digest = hashlib.sha256("|".join(f"{name}:{left.digests.get(name)}" for name in CHECKED_DIGESTS).encode())
    for name, column in sorted(left.series.items()):
        steps, values = np.asarray(column.steps, np.int64), np.asarray(column.values, np.float64)
        digest.update(f"|{name}|{len(steps)}|".encode())
        digest.update(np.ascontiguousarray(steps).tobytes())
        digest.update(np.where(np.isnan(values), np.nan, values).tobytes())
    return digest.hexdigest()


def flocks(session: Session, project_id: str | None = None) -> list[Flock]:
    """How every project's canary stands, or one project's."""
    wanted = select(Policy.project_id, Policy.canary_run_id).where(Policy.canary_run_id.is_not(None)).order_by(Policy.project_id)
    if project_id is not None:
        wanted = wanted.where(Policy.project_id == project_id)
    alive = {node.name for node in nodes.alive(session)}
    return [_flock(project, str(original), _history(session, str(original)), alive) for project, original in session.execute(wanted)]


def _history(session: Session, original_id: str) -> list[Result]:
    """Newest first."""
    rerun, verdict = AutomaticRerun, Verdict
    judged = (verdict.rerun_id == rerun.rerun_id) & (verdict.original_id == rerun.original_id)
    columns = select(rerun.rerun_id, rerun.node, rerun.ended_at, rerun.bits, verdict.outcome)
    ended = columns.join(Run, Run.id == rerun.rerun_id).outerjoin(verdict, judged).where(Run.project_id != TRASH)
    mine = ended.where(rerun.original_id == original_id, rerun.cause == "canary", rerun.ended_at.is_not(None))
    rows = session.execute(mine.order_by(rerun.made_at.desc(), rerun.rerun_id))
    return [Result(rerun_id, str(node), ended_at or 0.0, bits, outcome) for rerun_id, node, ended_at, bits, outcome in rows]


def _flock(project_id: str, original_id: str, history: Sequence[Result], alive: Iterable[str]) -> Flock:
    by_node: dict[str, list[Result]] = {}
    for result in history:
        by_node.setdefault(result.node, []).append(result)
    finished = {node: [result for result in results if result.bits is not None] for node, results in by_node.items()}
    originals = next((str(result.bits) for result in history if result.outcome == "identical"), ORIGINAL)
    reference = largest([str(results[0].bits) for node, results in finished.items() if results and node in set(alive)], originals)
    standings = [_standing(node, by_node[node][0], finished[node], reference) for node in sorted(by_node)]
    return Flock(project_id, original_id, standings, reference == originals if any(finished.values()) else None)


def largest(votes: Sequence[str], originals: str) -> str:
    """The bits of the largest group, the original being one of the voters; its own when two groups are the largest."""
    counted = Counter([originals, *votes]).most_common(2)
    return originals if len(counted) == 2 and counted[0][1] == counted[1][1] else counted[0][0]


def _standing(node: str, last: Result, finished: Sequence[Result], reference: str) -> Standing:
    if not finished:
        return Standing(node, last, None, None)
    since = None
    for result in finished:
        if result.bits == reference:
            break
        since = result.ended_at
    return Standing(node, finished[0], since is None, since)


def documents(session: Session, rerun_ids: Sequence[str]) -> Mapping[str, Mapping[str, Any]]:
    """The verdicts on canaries, as documents by their reruns' ids."""
    found = session.execute(select(Verdict.rerun_id, Verdict.document).where(Verdict.rerun_id.in_(rerun_ids)))
    return {rerun_id: document for rerun_id, document in found}  # noqa: C416
