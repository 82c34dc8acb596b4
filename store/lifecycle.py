"""Who may move a run from one state to the next, and how: queued -> running -> finished | failed | cancelled, running -> queued.

Every move is one conditional UPDATE, so of two that try, one wins. Leases are measured with the database's clock.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from pydantic import ValidationError
from sqlalchemy import ColumnElement, func, or_, select, update
from sqlalchemy.orm import Session

from store import automatic, bells, canaries, checkpoints, findings, heads, logs, nodes, turns, verdicts
from store.database import insert_into, now
from store.errors import NotAManagedRun, RunIsTerminal
from store.fence import Claim as Claim
from store.fence import lost, must_own
from store.tables import TRASH, Attempt, Duty, Run, WandbRun
from trainer import extensions
from trainer.config import RunConfig

UNSTARTED = "cancelled before it started"


@dataclass(frozen=True)
class Lost:
    """A run whose worker stopped answering; `state` is what became of it, `doorbell` the queue to ring when it is queued again."""

    run_id: str
    attempt: int
    state: str
    doorbell: str


def doorbell(run: Run) -> str:
    """The queue whose workers may train the run."""
    return bells.door(run.queue, run.wanted_node)


def claim(session: Session, node: str, queues: Sequence[str], lease_s: float, run_id: str | None = None) -> Claim | None:
    """A queued run, now running here. None when there is nothing for this node to do, or another worker was faster.

    That very run when `run_id` is given, else the one of highest priority that has waited longest. One that needs a package which is not
    installed here is left to the nodes that have it. A run whose config this program does not understand, because a newer one stored it, or
    because no node has what it needs, ends as failed: left in place it would keep all behind it waiting.
    """
    left: list[str] = []
    while (first := _first_waiting(session, node, queues, run_id, left)) is not None:
        found, lacks = first.id, extensions.lacking(first.config)
        if lacks and nodes.any_has(session, lacks):
            left.append(found)
            continue
        taken = update(Run).where(Run.id == found, Run.state == "queued").values(**_running(node, lease_s))
        row = session.execute(taken.returning(Run.attempt, Run.config)).one_or_none()
        if row is None:
            return None
        session.add(Attempt(run_id=found, number=row.attempt, node=node, started_at=now()))
        turns.state(session, found, "running")
        try:
            return Claim(found, row.attempt, node, RunConfig.model_validate(row.config), lease_s)
        except ValidationError as error:
            reason = f"node {node} does not understand the config: {error.errors()[0]['msg']}"
            if lacks:
                reason = f"node {node} lacks the {' and the '.join(lacks)}, and so do all others: install the package that brings it"
            run = session.get_one(Run, found, populate_existing=True)
            _end_attempt(session, run, "failed", reason)
            _end_run(session, run, "failed", reason)
    return None


def renew(session: Session, claim: Claim, step: int | None = None) -> bool:
    """Whether somebody asked to cancel the run; its lease now starts afresh. Raises LeaseLost."""
    alive: dict[str, Any] = {"lease_until": now() + claim.lease_s, "heartbeat_at": now()}
    if step is not None:
        alive["step"] = step
    row = session.execute(_owned(claim).values(**alive).returning(Run.cancel_requested_at)).one_or_none()
    if row is None:
        raise lost(claim)
    return row.cancel_requested_at is not None


def record_start(
    session: Session,
    claim: Claim,
    digests: Mapping[str, Any],
    environment: Mapping[str, Any],
    total_steps: int,
    resumed_from: int | None = None,
) -> None:
    """Keep what determined this attempt, and at which step it took up a checkpoint, if it did. Raises LeaseLost."""
    must_own(session, claim)
    session.execute(_owned(claim).values(digests=dict(digests), environment=dict(environment), total_steps=total_steps))
    if resumed_from is not None:
        session.get_one(Attempt, (claim.run_id, claim.attempt)).resumed_from = resumed_from


def finish(session: Session, claim: Claim, state: str, reason: str | None = None, digests: Mapping[str, Any] | None = None) -> None:
    """End the run for good; the verdict of a rerun is written in the same transaction. Raises LeaseLost."""
    must_own(session, claim)
    run = session.get_one(Run, claim.run_id, populate_existing=True)
    run.digests = {**run.digests, **(digests or {})}
    _end_attempt(session, run, state, reason)
    _end_run(session, run, state, reason)


def release(session: Session, claim: Claim, reason: str) -> str:
    """The queue to ring: the run is queued again because its worker is going away. Not counted as a lost attempt. Raises LeaseLost."""
    must_own(session, claim)
    run = session.get_one(Run, claim.run_id, populate_existing=True)
    _end_attempt(session, run, "released", reason)
    _requeue(session, run, reason)
    return doorbell(run)


def lose(session: Session, claim: Claim, reason: str, max_attempts: int) -> Lost:
    """What became of a run whose training process died: queued again, or failed when it has died too often. Raises LeaseLost."""
    must_own(session, claim)
    return _lose(session, session.get_one(Run, claim.run_id, populate_existing=True), reason, max_attempts)


def is_any_lost(session: Session, client_timeout_s: float) -> bool:
    """Whether `lose_expired` or `crash_silent_clients` would find something; reads only."""
    expired = select(Run.id).where(Run.state == "running", Run.origin == "managed", Run.lease_until < now())
    silent = select(Run.id).where(*_silent(client_timeout_s))
    return session.scalar(expired.union_all(silent).limit(1)) is not None


def lose_expired(session: Session, max_attempts: int) -> list[Lost]:
    """The runs whose lease ran out, each queued again, failed (lost too often) or cancelled (that had been asked for)."""
    return _lose_all(session, Run.lease_until < now(), "stopped answering", max_attempts)


def lose_node(session: Session, node: str, max_attempts: int) -> list[Lost]:
    """The runs that a node's worker held when it died, likewise; for a worker that knows it, so that nobody waits for the leases."""
    return _lose_all(session, Run.node == node, "died", max_attempts)


def request_cancel(session: Session, run: Run) -> Run:
    """The run, cancelled at once when it was queued, else about to be; one that the wandb SDK logs is told with its next lines.

    Raises RunIsTerminal, and NotAManagedRun for a run of another client, which asks for nothing.
    """
    run = session.get_one(Run, run.id, populate_existing=True, with_for_update={"of": Run})
    if run.origin != "managed" and session.get(WandbRun, run.id) is None:
        raise NotAManagedRun(f"Run {run.id} is logged by a client, which alone can stop it.")
    if run.is_terminal:
        raise RunIsTerminal(f"Run {run.id} is {run.state}; only a queued or running run can be cancelled.")
    if run.state == "queued":
        _end_run(session, run, "cancelled", UNSTARTED)
    else:
        run.cancel_requested_at = run.cancel_requested_at or session.scalar(select(now()))
    session.flush()
    if run.origin == "client":
        heads.advance(session.connection(), run.id)
    return run


def request_cancels(session: Session, which: Sequence[ColumnElement[bool]]) -> None:
    """The same for many managed runs, by a few statements for all that no worker has ever had; those that have ended are left as they are."""
    active = (*which, Run.state.in_(("queued", "running")), Run.origin == "managed", Run.project_id != TRASH, Run.cancel_requested_at.is_(None))
    _cancel_unstarted(session, active)
    for run in session.scalars(select(Run).where(*active).order_by(Run.id).with_for_update(of=Run)).all():
        request_cancel(session, run)


def _cancel_unstarted(session: Session, which: Sequence[ColumnElement[bool]]) -> None:
    """Those that no worker has ever had leave nothing behind."""
    waiting = update(Run).where(*which, Run.state == "queued", Run.attempt == 0, Run.rerun_of.is_(None))
    ended = {"state": "cancelled", "reason": UNSTARTED, "finished_at": now(), "findings": []}
    moved = session.scalars(waiting.values(**ended).returning(Run.id).execution_options(synchronize_session=False)).all()
    if moved:
        turns.cancelled(session.connection(), moved, UNSTARTED)


def crash_silent_clients(session: Session, timeout_s: float) -> int:
    """How many client runs were just marked crashed: running, but silent for too long. A later write brings them back."""
    reason = f"no sign of life for {timeout_s:g} s"
    silent = update(Run).where(*_silent(timeout_s))
    crashed = session.scalars(silent.values(state="crashed", reason=reason).returning(Run.id).execution_options(synchronize_session=False)).all()
    for run_id in crashed:
        turns.state(session, run_id, "crashed", reason)
    return len(crashed)


def hold_duty(session: Session, name: str, holder: str, for_s: float) -> bool:
    """Whether `holder` has the duty for the next seconds: it had it already, or nobody did."""
    taken = insert_into(session, Duty).values(name=name, holder=holder, until=now() + for_s)
    free = or_(Duty.holder == holder, Duty.until < now())
    mine = taken.on_conflict_do_update(index_elements=["name"], set_={"holder": holder, "until": now() + for_s}, where=free)
    return session.scalar(mine.returning(Duty.holder)) is not None


def attempts(session: Session, run_id: str) -> list[Attempt]:
    return list(session.scalars(select(Attempt).where(Attempt.run_id == run_id).order_by(Attempt.number)))


def _first_waiting(session: Session, node: str, queues: Sequence[str], run_id: str | None, left: Sequence[str]) -> Any:
    """Id and config of the run to claim next, locked; None without one. Each queue is walked by its index, so its length does not matter."""
    mine = or_(Run.wanted_node.is_(None), Run.wanted_node == node)
    waiting = select(Run.id, Run.config).where(Run.state == "queued", mine, Run.id.not_in(left)).limit(1).with_for_update(skip_locked=True)
    if run_id is not None:
        return session.execute(waiting.where(Run.id == run_id, Run.queue.in_(queues))).one_or_none()
    turn = (Run.priority.desc(), Run.created_at, Run.id)
    if len(queues) == 1:
        return session.execute(waiting.where(Run.queue == queues[0]).order_by(*turn)).one_or_none()
    first = select(Run.queue, -Run.priority, Run.created_at, Run.id).where(Run.state == "queued", mine, Run.id.not_in(left)).order_by(*turn).limit(1)
    heads = [found for queue in queues if (found := session.execute(first.where(Run.queue == queue)).one_or_none())]
    for head in sorted(heads, key=lambda head: head[1:]):
        row = session.execute(waiting.where(Run.queue == head.queue).order_by(*turn)).one_or_none()
        if row is not None:  # else others were faster
            return row
    return None


def _running(node: str, lease_s: float) -> dict[str, Any]:
    return {
        "state": "running",
        "attempt": Run.attempt + 1,
        "node": node,
        "lease_until": now() + lease_s,
        "started_at": func.coalesce(Run.started_at, now()),
        "heartbeat_at": now(),
        "step": None,
    }


def _lose_all(session: Session, which: ColumnElement[bool], what: str, max_attempts: int) -> list[Lost]:
    held = select(Run).where(Run.state == "running", Run.origin == "managed", which).with_for_update(skip_locked=True, of=Run)
    return [_lose(session, run, f"its worker on node {run.node} {what}", max_attempts) for run in session.scalars(held).all()]


def _silent(timeout_s: float) -> tuple[ColumnElement[bool], ...]:
    return Run.state == "running", Run.origin == "client", Run.heartbeat_at < now() - timeout_s


def _owned(claim: Claim) -> Any:
    owned = update(Run).where(Run.id == claim.run_id, Run.attempt == claim.attempt, Run.state == "running")
    return owned.execution_options(synchronize_session=False)


def _lose(session: Session, run: Run, reason: str, max_attempts: int) -> Lost:
    attempt = run.attempt
    _end_attempt(session, run, "lost", reason)
    lost_before = select(func.count()).select_from(Attempt).where(Attempt.run_id == run.id, Attempt.outcome == "lost")
    tries = session.scalar(lost_before) or 0
    logs.append(session, run.id, attempt, [f"attempt {attempt} was lost: {reason}"])
    if run.cancel_requested_at is not None:
        _end_run(session, run, "cancelled", "cancelled while it ran")
    elif tries >= max_attempts:
        _end_run(session, run, "failed", f"given up after {tries} lost attempts; the last one: {reason}")
    else:
        _requeue(session, run, reason)
    return Lost(run.id, attempt, run.state, doorbell(run))


def _requeue(session: Session, run: Run, reason: str) -> None:
    run.state, run.node, run.lease_until, run.rung_at, run.step = "queued", None, None, None, None
    turns.state(session, run.id, "queued", reason)


def _end_attempt(session: Session, run: Run, outcome: str, reason: str | None) -> None:
    attempt = session.get_one(Attempt, (run.id, run.attempt))
    attempt.ended_at, attempt.outcome, attempt.reason = session.scalar(select(now())), outcome, reason
    session.flush()


def _end_run(session: Session, run: Run, state: str, reason: str | None) -> None:
    run.state, run.reason, run.finished_at, run.lease_until = state, reason, session.scalar(select(now())), None
    turns.state(session, run.id, state, reason)
    findings.note(session, run)
    checkpoints.forget(session, run.id)
    if run.rerun_of is not None:
        verdicts.judge_rerun(session, run)
        canaries.settle(session, run)
    elif state == "finished":
        automatic.rerun_finished(session, run)
