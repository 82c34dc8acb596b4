"""Verdicts: having compared what two runs left behind, keeping the answer."""

from collections.abc import Sequence
from typing import Any, NamedTuple

from sqlalchemy import bindparam, or_, select
from sqlalchemy.orm import Session

from analysis import verdict as analysis_verdict
from store import evidence, staleness, webhooks
from store.database import now
from store.errors import VerdictNotFound
from store.tables import TRASH, Run, Verdict


class Reproduced(NamedTuple):
    """What became of a run's reruns that were judged. `stale`: no living node has what the last of them was judged with (see staleness.py)."""

    outcome: str
    reruns: int
    stale: bool


def judge(session: Session, original: Run, rerun: Run) -> Verdict:
    """Whether `rerun` reproduced `original`, kept in place of an earlier verdict on the two."""
    return _keep(session, original, rerun, analysis_verdict.compare(evidence.of(session, original), evidence.of(session, rerun)))


def judge_rerun(session: Session, rerun: Run) -> Verdict | None:
    """The verdict on a rerun that has just ended; None when its original was deleted meanwhile.

    A rerun must be able to end: one that cannot be judged is not comparable, and says why.
    """
    original = None if rerun.rerun_of is None else session.get(Run, rerun.rerun_of)
    if original is None or original.project_id == TRASH:
        return None
    try:
        with session.begin_nested():
            return judge(session, original, rerun)
    except (ArithmeticError, LookupError, TypeError, ValueError) as error:
        compared = analysis_verdict.not_judged(original.id, rerun.id, f"The runs could not be compared: {type(error).__name__}: {error}.")
        return _keep(session, original, rerun, compared)


def of_rerun(session: Session, rerun: Run) -> Verdict:
    """Raises VerdictNotFound when the run is no rerun, or is not judged yet."""
    verdict = session.get(Verdict, (rerun.id, rerun.rerun_of)) if rerun.rerun_of else None
    if verdict is None:
        raise VerdictNotFound(rerun.id)
    return verdict


def of_reruns(session: Session, rerun_ids: Sequence[str], original_id: str) -> dict[str, Verdict]:
    query = select(Verdict).where(Verdict.rerun_id.in_(rerun_ids), Verdict.original_id == original_id)
    return {verdict.rerun_id: verdict for verdict in session.scalars(query)}


def reproduced(session: Session, run_ids: Sequence[str]) -> dict[str, Reproduced]:
    """For each run that was rerun and judged: the outcome over all its reruns, how many there are, and whether it is stale.

    `different` when any rerun differed, `identical` when some were and none differed, else `not_comparable`.
    """
    outcomes: dict[str, list[str]] = {}
    last: dict[str, str | None] = {}
    for original_id, outcome, judged_with in session.connection().execute(_OUTCOMES, {"ids": run_ids}).all():
        outcomes.setdefault(original_id, []).append(outcome)
        last[original_id] = judged_with
    marks = set(last.values()) - {None}
    fleet = staleness.Fleet.of(session) if marks else staleness.Fleet(())
    stale = {mark for mark in marks if fleet.why_stale(mark)}
    worst_first = ("different", "identical", "not_comparable")
    return {run_id: Reproduced(next(o for o in worst_first if o in found), len(found), last[run_id] in stale) for run_id, found in outcomes.items()}


def _outcomes() -> Any:
    verdicts, runs = Verdict.__table__, Run.__table__
    judged = verdicts.join(runs, runs.c.id == verdicts.c.rerun_id)
    of_originals = verdicts.c.original_id.in_(bindparam("ids", expanding=True))
    columns = (verdicts.c.original_id, verdicts.c.outcome, verdicts.c.judged_with)
    query = select(*columns).select_from(judged).where(of_originals, runs.c.rerun_of == verdicts.c.original_id)
    return query.order_by(verdicts.c.judged_at, verdicts.c.rerun_id)


_OUTCOMES = _outcomes()  # made once: it is asked for every page


def between(session: Session, original: Run, rerun: Run) -> Verdict:
    """The verdict that was given on these two. Raises VerdictNotFound."""
    verdict = session.get(Verdict, (rerun.id, original.id))
    if verdict is None:
        raise VerdictNotFound(f"{rerun.id} against run {original.id}")
    return verdict


def about(session: Session, run: Run, limit: int) -> list[Verdict]:
    """The verdicts in which the run is one of the two, the latest first."""
    of_run = or_(Verdict.original_id == run.id, Verdict.rerun_id == run.id)
    return list(session.scalars(select(Verdict).where(of_run).order_by(Verdict.judged_at.desc(), Verdict.rerun_id).limit(limit)))


def _keep(session: Session, original: Run, rerun: Run, compared: analysis_verdict.Verdict) -> Verdict:
    verdict = Verdict(
        rerun_id=rerun.id,
        original_id=original.id,
        outcome=compared.outcome,
        document=compared.document(),
        judged_at=session.scalar(select(now())),
        judged_with=staleness.judged_with(rerun),
    )
    session.merge(verdict)
    session.flush()
    kept = session.get_one(Verdict, (rerun.id, original.id))
    webhooks.announce(session, rerun, kept)
    return kept
