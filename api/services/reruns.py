"""Running a config again, and the verdicts on it."""

import time
from collections.abc import Awaitable, Callable, Sequence

import anyio
import orjson
from anyio import to_thread
from pydantic import ValidationError
from sqlalchemy import func, select
from sqlalchemy.orm import Session

from api.answers import Answer
from api.auth import Caller
from api.idempotency import Once, answer_once
from api.parts import Parts
from api.problems import InvalidValue, Problem
from api.schemas.others import NewReruns, RerunListed, RerunShown, VerdictShown
from api.services import show
from store import lifecycle, nodes, runs, verdicts
from store.errors import Conflict, NodeNotFound, NotAManagedRun, RunNotFinished, RunNotFound
from store.staleness import Fleet
from store.tables import Run, Verdict
from trainer.config import RunConfig

LOOK_EVERY_S = (0.05, 0.5)  # at first, and at most


async def rerun(parts: Parts, caller: Caller, run_id: str, asked: NewReruns, once: Once | None, is_gone: Callable[[], Awaitable[bool]]) -> Answer:
    """202 with the queued reruns, or 200 once all are judged within `wait_s`. Nothing is held while it waits; a caller who is gone ends it."""
    answer = await to_thread.run_sync(add, parts, caller, run_id, asked, once)
    ids = [item["id"] for item in orjson.loads(answer.body)["items"]]
    until = time.monotonic() + asked.wait_s
    pause = LOOK_EVERY_S[0]
    while time.monotonic() < until and not await is_gone():
        await anyio.sleep(min(pause, max(0.0, until - time.monotonic())))
        pause = min(LOOK_EVERY_S[1], pause * 1.2)
        if await to_thread.run_sync(_are_judged, parts, ids):
            return Answer.of(200, {"items": await to_thread.run_sync(_shown, parts, caller, ids)})
    return answer


def add(parts: Parts, caller: Caller, run_id: str, asked: NewReruns, once: Once | None) -> Answer:
    """202 with the queued reruns. Raises RunNotFinished, NotAManagedRun, RunNotFound."""
    added: list[Run] = []
    with parts.db.begin() as session:

        def make() -> Answer:
            original = _original(session, caller, run_id)
            added.extend(_copy(session, caller, original, asked) for _ in range(asked.count))
            return Answer.of(202, {"items": show.shown_with_verdicts(session, added, original.id)})

        answer = answer_once(session, once, make)
    for run in added:
        parts.queue.ring(run.id, lifecycle.doorbell(run))  # after the commit: a worker must be able to see the row
    return answer


def listing(parts: Parts, caller: Caller, run_id: str) -> list[RerunListed]:
    """The run's reruns, oldest first."""
    with parts.db.read() as session:
        original = runs.get(session, run_id, caller.entity)
        found = runs.reruns_of(session, original.id)
        on_record = verdicts.of_reruns(session, [run.id for run in found], original.id)
        fleet = Fleet.of(session)
        return [
            {"run": run.id, "state": run.state, "verdict": show.verdict(on_record[run.id], fleet) if run.id in on_record else None} for run in found
        ]


def verdict(parts: Parts, caller: Caller, run_id: str) -> VerdictShown:
    """Raises Conflict while the rerun goes on, VerdictNotFound for a run that is no rerun."""
    with parts.db.read() as session:
        return show.verdict(judged(session, caller, run_id)[2], Fleet.of(session))


def judged(session: Session, caller: Caller, run_id: str) -> tuple[Run, Run, Verdict]:
    """The original, the rerun and the verdict on it. Raises as `verdict` does."""
    run = runs.get(session, run_id, caller.entity)
    if run.rerun_of is None:
        raise Problem(404, f"Run {run.id} is no rerun, so there is no verdict on it.")
    if not run.is_terminal:
        raise Conflict(f"Rerun {run.id} is {run.state}; the verdict is given when it has ended.")
    found = verdicts.of_rerun(session, run)
    return runs.get(session, run.rerun_of, caller.entity), run, found


def judge(parts: Parts, caller: Caller, original_id: str, rerun_id: str, once: Once | None) -> Answer:
    """200 with the verdict on any two runs, which is kept. Raises RunNotFound; Conflict while either goes on."""
    with parts.db.begin() as session:

        def make() -> Answer:
            pair = [_to_judge(session, caller, run_id, pointer) for run_id, pointer in ((original_id, "/original"), (rerun_id, "/rerun"))]
            if pair[0].id == pair[1].id:
                raise InvalidValue("/rerun", "takes another run than the original")
            return Answer.of(200, show.verdict(verdicts.judge(session, *pair), Fleet.of(session)))

        return answer_once(session, once, make)


def between(parts: Parts, caller: Caller, original_id: str, rerun_id: str) -> VerdictShown:
    """The verdict that was given on the two. Raises RunNotFound, VerdictNotFound."""
    with parts.db.read() as session:
        original, rerun = (runs.get(session, run_id, caller.entity) for run_id in (original_id, rerun_id))
        return show.verdict(verdicts.between(session, original, rerun), Fleet.of(session))


def about(parts: Parts, caller: Caller, run_id: str, limit: int) -> list[VerdictShown]:
    """The verdicts in which the run is one of the two, the latest first; those whose other run the caller may not see are left out."""
    with parts.db.read() as session:
        found = verdicts.about(session, runs.get(session, run_id, caller.entity), limit)
        fleet = Fleet.of(session)
        return [show.verdict(row, fleet) for row in found if _sees_both(session, caller, row)]


def _sees_both(session: Session, caller: Caller, row: Verdict) -> bool:
    pair = [session.get(Run, run_id) for run_id in (row.original_id, row.rerun_id)]
    return all(run is not None and runs.may_see(run, caller.entity) for run in pair)


def _original(session: Session, caller: Caller, run_id: str) -> Run:
    """The run whose config is run again: the first original of them all."""
    run = runs.get(session, run_id, caller.entity)
    if run.origin != "managed":
        raise NotAManagedRun(f"Run {run.id} was trained by a client; Runtwice cannot train it again.")
    if run.state != "finished":
        raise RunNotFinished(f"Run {run.id} is {run.state}; only a finished run can be run again and compared.")
    if run.rerun_of is None:
        return run
    try:
        return runs.get(session, run.rerun_of, caller.entity)
    except RunNotFound as error:
        raise Conflict(f"Run {run.id} is a rerun of {run.rerun_of}, which was deleted: there is nothing left to compare with.") from error


def _copy(session: Session, caller: Caller, original: Run, asked: NewReruns) -> Run:
    if asked.node is not None:
        _must_serve(session, asked.node, str(original.queue))
    try:
        config = RunConfig.model_validate(original.config)
    except ValidationError as error:
        raise Conflict(f"The config of run {original.id} is not understood here any more: {error.errors()[0]['msg']}") from error
    run = runs.add_managed(
        session,
        original.project,
        config,
        name=f"rerun of {original.name}"[:256],
        rerun_of=original,
        wanted_node=asked.node,
        created_by=caller.key_id,
    )
    run.rung_at = run.created_at
    return run


def _must_serve(session: Session, name: str, queue: str) -> None:
    try:
        node = nodes.get(session, name)
    except NodeNotFound as error:
        known = ", ".join(node.name for node in nodes.every(session)[:20]) or "none has registered yet"
        raise InvalidValue("/node", f"takes the name of a known node; got {name[:80]!r}, known: {known}") from error
    if queue not in node.queues:
        raise InvalidValue("/node", f"node {name} serves {', '.join(node.queues)}; this run needs {queue}")


def _to_judge(session: Session, caller: Caller, run_id: str, pointer: str) -> Run:
    try:
        run = runs.get(session, run_id, caller.entity)
    except RunNotFound as error:
        raise InvalidValue(pointer, str(error)) from error
    if not run.is_terminal:
        raise Conflict(f"Run {run.id} is {run.state}; the two can be compared when both have ended.")
    return run


def _are_judged(parts: Parts, rerun_ids: Sequence[str]) -> bool:
    """Whether nothing more is to be waited for: every rerun has ended, or is gone."""
    with parts.db.read() as session:
        active = select(func.count()).select_from(Run).where(Run.id.in_(rerun_ids), Run.state.in_(("queued", "running")))
        return session.scalar(active) == 0


def _shown(parts: Parts, caller: Caller, rerun_ids: Sequence[str]) -> list[RerunShown]:
    with parts.db.read() as session:
        found = runs.get_many(session, rerun_ids, caller.entity)
        original_id = str(found[0].rerun_of)
        return show.shown_with_verdicts(session, found, original_id)
