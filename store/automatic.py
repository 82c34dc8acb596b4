"""Reruns that nobody asked for by hand: who wants them, and how they are queued so that none is lost and none comes twice."""

import hashlib

from pydantic import ValidationError
from sqlalchemy import select
from sqlalchemy.orm import Session

from store import runs
from store.database import now
from store.tables import AutomaticRerun, Policy, Run
from trainer.config import RunConfig

# People's priorities go from -1000 to 1000: whatever a person asked for starts first.
PRIORITIES = {"canary": -1500, "policy": -2000, "stale": -2500}
WORDS = {
    "canary": "A canary: queued by itself, to see whether this node's bits are the others'.",
    "policy": "Queued by itself when the original finished, as the project wants it.",
    "stale": "Queued by itself because the last verdict on the original had become stale.",
}


def rerun_finished(session: Session, run: Run) -> Run | None:
    """The rerun of a run that has just finished, queued in the very transaction that ends it; None when its project wants none."""
    policy = session.get(Policy, run.project_id)
    if policy is None or not wants(policy, run.id):
        return None
    try:
        return add(session, run, "policy")
    except ValidationError:  # a run must be able to end, even one whose config this version does not understand
        return None


def wants(policy: Policy, run_id: str) -> bool:
    """Whether the policy has this run rerun. The sample is a function of the run's id: it can be checked, and a larger one holds the smaller."""
    if policy.rerun != "sample":
        return policy.rerun == "every"
    drawn = int.from_bytes(hashlib.sha256(run_id.encode()).digest()[:8], "big")
    return drawn < (policy.fraction or 0.0) * 2**64


def add(session: Session, original: Run, cause: str, node: str | None = None) -> Run:
    """A queued rerun. Nothing needs to ring for it: workers and the reaper look for themselves."""
    rerun = runs.add_managed(
        session,
        original.project,
        RunConfig.model_validate(original.config),
        name=f"rerun of {original.name}"[:256],
        tags=["automatic" if cause != "canary" else "canary"],
        notes=WORDS[cause],
        rerun_of=original,
        wanted_node=node,
        priority=PRIORITIES[cause],
    )
    session.flush()
    made = session.scalar(select(now()))
    session.add(AutomaticRerun(rerun_id=rerun.id, original_id=original.id, project_id=original.project_id, cause=cause, node=node, made_at=made))
    session.flush()
    return rerun
