"""How long runs will take here, by how long runs took."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from math import log
from statistics import median
from typing import Any

from pydantic import ValidationError
from sqlalchemy import select
from sqlalchemy.orm import Session

from store import nodes
from store.runs import within
from store.tables import Run
from trainer.config import RunConfig
from trainer.memory import estimate_duration_s

LOOKED_AT = 100
NEAREST = 15


@dataclass(frozen=True)
class Estimate:
    """`train_s` is the sum over all runs, `wall_s` until all have ended on the slots that answer now, once they are free."""

    train_s: float
    wall_s: float
    past_runs: int


@dataclass(frozen=True)
class Past:
    """A run that was trained: seconds by arithmetic, and how many times that it took."""

    reckoned_s: float
    times: float


def expected(session: Session, entity: str | None, counts: Mapping[RunConfig, int]) -> Estimate:
    """Of runs by their config, all for one queue: those that took the most similar time by arithmetic say how much longer it takes here."""
    if not counts:
        return Estimate(0.0, 0.0, 0)
    queue = next(iter(counts)).device.split(":")[0]
    past = _past(session, entity, queue)
    each = {config: _expected_s(estimate_duration_s(config), past) for config in counts}
    total = sum(seconds * counts[config] for config, seconds in each.items())
    slots = sum(node.slots for node in nodes.alive(session) if queue in node.queues) or 1
    return Estimate(total, max(total / min(slots, sum(counts.values())), *each.values()), len(past))


def _expected_s(reckoned_s: float, past: Sequence[Past]) -> float:
    nearest = sorted(past, key=lambda run: abs(log(run.reckoned_s / reckoned_s)))[:NEAREST]
    return reckoned_s * (median(run.times for run in nearest) if nearest else 1.0)


def _past(session: Session, entity: str | None, queue: str) -> list[Past]:
    """Of the latest runs that ended at the first attempt."""
    query = select(Run.config, Run.started_at, Run.finished_at).where(Run.state == "finished", Run.queue == queue, Run.priority == 0)
    query = query.where(Run.attempt == 1, Run.origin == "managed", *within(entity, None)).order_by(Run.created_at.desc()).limit(LOOKED_AT)
    return [found for row in session.execute(query) if (found := _took(row.config, row.finished_at - row.started_at)) is not None]


def _took(config: Mapping[str, Any], seconds: float) -> Past | None:
    try:
        reckoned_s = estimate_duration_s(RunConfig.model_validate(config))
    except ValidationError:  # stored by another version
        return None
    return Past(reckoned_s, max(seconds, 0.001) / reckoned_s)
