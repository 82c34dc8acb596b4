"""What a badge says of a run, a study or a project: how what was run again came out."""

from sqlalchemy.orm import Session

from api.auth import Caller
from api.parts import Parts
from api.report.badge import AMBER, GREEN, GREY, RED, badge
from api.services import names
from store import report, runs, studies
from store.report import Tally
from store.shares import Link
from store.staleness import Fleet

NAME = "runtwice"


def of_run(parts: Parts, caller: Caller, run_id: str) -> str:
    """Of its reruns how many gave the same bits. Raises RunNotFound."""
    with parts.db.read() as session:
        return _drawn(session, report.of_run(session, runs.get(session, run_id, caller.entity).id), "")


def of_study(parts: Parts, caller: Caller, study_id: str) -> str:
    """Of its runs that were run again how many always gave the same bits. Raises StudyNotFound."""
    with parts.db.read() as session:
        return _drawn(session, report.of_study(session, studies.get(session, study_id, caller.entity)[0].id), " runs")


def of_project(parts: Parts, caller: Caller, entity: str, name: str) -> str:
    """The same of a project's runs. Raises ProjectNotFound."""
    with parts.db.read() as session:
        return _drawn(session, report.of_project(session, names.get(session, caller, entity, name).id), " runs")


def of_link(parts: Parts, link: Link) -> str:
    """Of what the link shares."""
    share = link.share
    with parts.db.read() as session:
        if share.run_id is not None:
            return _drawn(session, report.of_run(session, share.run_id), "")
        if share.study_id is not None:
            return _drawn(session, report.of_study(session, share.study_id), " runs")
        return _drawn(session, report.of_project(session, link.project.id), " runs")


def _drawn(session: Session, tally: Tally, of: str) -> str:
    if not tally.identical + tally.different:
        return badge(NAME, "not comparable" if tally.not_comparable else "not run again yet", GREY)
    words = f"reproduced {tally.identical} of {tally.identical + tally.different}{of}"
    if tally.different:
        return badge(NAME, words, RED)
    fleet = Fleet.of(session)
    stale = any(fleet.why_stale(judged_with) for judged_with in tally.judged_with)
    return badge(NAME, f"{words}, stale", AMBER) if stale else badge(NAME, words, GREEN)
