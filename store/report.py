"""How the runs of a project came out when they were run again."""

from dataclasses import dataclass

from sqlalchemy import ColumnElement, case, func, select
from sqlalchemy.orm import Session, aliased

from store import reverify
from store.tables import Run, StudyRun, Verdict

Rerun = aliased(Run)
# `different` when any rerun differed, `identical` when some were and none differed, else `not_comparable`: as a run's `reproduced` says.
RANKS = {"not_comparable": 0, "identical": 1, "different": 2}
OUTCOMES = {rank: outcome for outcome, rank in RANKS.items()}


@dataclass(frozen=True)
class Counts:
    """Of finished managed runs, reruns not counted: how many there are, came out how, have a stale verdict. `waiting`: reruns to come."""

    runs: int
    by_outcome: dict[str, int]
    stale: int
    waiting: int


@dataclass(frozen=True)
class Tally:
    """How many came out how, and what the verdicts that said `identical` were judged with."""

    identical: int
    different: int
    not_comparable: int
    judged_with: frozenset[str]


@dataclass(frozen=True)
class Different:
    """A verdict `different`, and the two runs it is on."""

    original_id: str
    original_name: str
    rerun_id: str
    node: str | None
    verdict: Verdict


def of_run(session: Session, run_id: str) -> Tally:
    """Of the run's reruns."""
    rows = select(Verdict.outcome, func.count()).join(Rerun, _is_its_rerun()).where(Verdict.original_id == run_id)
    found = {outcome: count for outcome, count in session.execute(rows.group_by(Verdict.outcome))}  # noqa: C416
    return _tally(session, found, Verdict.original_id == run_id)


def of_study(session: Session, study_id: str) -> Tally:
    """Of the study's runs that were run again, each by its worst rerun."""
    members = select(StudyRun.run_id).where(StudyRun.study_id == study_id)
    return _tally(session, _by_outcome(session, Run.id.in_(members)), Verdict.original_id.in_(members))


def of_project(session: Session, project_id: str) -> Tally:
    """Of the project's runs that were run again, each by its worst rerun."""
    originals = _originals(project_id)
    return _tally(session, _by_outcome(session, *originals), Verdict.original_id.in_(select(Run.id).where(*originals)))


def counts(session: Session, project_id: str) -> Counts:
    originals = _originals(project_id)
    found = _by_outcome(session, *originals)
    stale = reverify.stale_marks(session, project_id)
    newest = select(func.count()).select_from(Run).join(Verdict, Verdict.original_id == Run.id).where(*reverify.newest_verdicts(project_id))
    waiting = (
        select(func.count()).select_from(Run).where(Run.project_id == project_id, Run.rerun_of.is_not(None), Run.state.in_(("queued", "running")))
    )
    return Counts(
        runs=session.scalar(select(func.count()).select_from(Run).where(*originals)) or 0,
        by_outcome={outcome: found.get(outcome, 0) for outcome in RANKS},
        stale=(session.scalar(newest.where(Verdict.judged_with.in_(stale))) or 0) if stale else 0,
        waiting=session.scalar(waiting) or 0,
    )


def by_node(session: Session, project_id: str) -> dict[str, dict[str, int]]:
    """For each node that trained a rerun how many of them had which outcome."""
    rows = select(Rerun.node, Verdict.outcome, func.count()).select_from(Verdict).join(Rerun, _is_its_rerun())
    found: dict[str, dict[str, int]] = {}
    mine = rows.where(Rerun.project_id == project_id, Rerun.node.is_not(None)).group_by(Rerun.node, Verdict.outcome)
    for node, outcome, count in session.execute(mine.order_by(Rerun.node)):
        found.setdefault(str(node), dict.fromkeys(RANKS, 0))[outcome] = count
    return found


def different(session: Session, project_id: str, limit: int) -> list[Different]:
    """The newest verdict of every run that has one which says so, newest first."""
    newest = func.row_number().over(partition_by=Verdict.original_id, order_by=(Verdict.judged_at.desc(), Verdict.rerun_id)).label("place")
    bad = select(Verdict.rerun_id, Verdict.original_id, newest).join(Rerun, _is_its_rerun())
    ranked = bad.where(Verdict.outcome == "different", Rerun.project_id == project_id).subquery()
    rows = select(Run.id, Run.name, Rerun.id, Rerun.node, Verdict).join(Run, Run.id == Verdict.original_id).join(Rerun, _is_its_rerun())
    mine = rows.join(ranked, (ranked.c.rerun_id == Verdict.rerun_id) & (ranked.c.original_id == Verdict.original_id)).where(ranked.c.place == 1)
    return [Different(*row) for row in session.execute(mine.order_by(Verdict.judged_at.desc(), Verdict.rerun_id).limit(limit))]


def _originals(project_id: str) -> tuple[ColumnElement[bool], ...]:
    return (Run.project_id == project_id, Run.state == "finished", Run.origin == "managed", Run.rerun_of.is_(None))


def _by_outcome(session: Session, *originals: ColumnElement[bool]) -> dict[str, int]:
    worst = func.max(case(RANKS, value=Verdict.outcome))
    by_run = select(worst.label("worst")).select_from(Verdict).join(Run, Run.id == Verdict.original_id).join(Rerun, _is_its_rerun())
    ranked = by_run.where(*originals).group_by(Verdict.original_id).subquery()
    return {OUTCOMES[rank]: count for rank, count in session.execute(select(ranked.c.worst, func.count()).group_by(ranked.c.worst))}


def _tally(session: Session, found: dict[str, int], verdicts: ColumnElement[bool]) -> Tally:
    same = select(Verdict.judged_with).join(Rerun, _is_its_rerun()).where(verdicts, Verdict.outcome == "identical", Verdict.judged_with.is_not(None))
    judged_with = frozenset(str(each) for each in session.scalars(same.distinct()))
    return Tally(found.get("identical", 0), found.get("different", 0), found.get("not_comparable", 0), judged_with)


def _is_its_rerun() -> ColumnElement[bool]:
    return (Rerun.id == Verdict.rerun_id) & (Rerun.rerun_of == Verdict.original_id)
