"""Read-only links: made, found by their text, and what each of them lets its holder look at."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass

from sqlalchemy import ColumnElement, Select, func, or_, select
from sqlalchemy.orm import Session

from store.database import now
from store.errors import Conflict, ShareNotFound
from store.ids import new_id
from store.keys import digest
from store.tables import TRASH, Artifact, Key, Project, Run, Share, Study, StudyRun

MOST_LINKS = 100


@dataclass(frozen=True)
class Target:
    """What is shared: one of the three; of a project only its badge."""

    run_id: str | None = None
    study_id: str | None = None
    project_id: str | None = None

    @property
    def conditions(self) -> list[ColumnElement[bool]]:
        return [Share.run_id == self.run_id, Share.study_id == self.study_id, Share.project_id == self.project_id]


@dataclass(frozen=True)
class Link:
    """A link that is good, the project in which it leads somewhere, and the name of the key that made it."""

    share: Share
    project: Project
    owner: str


def add(session: Session, target: Target, key_id: str, text: str, for_s: float | None) -> Share:
    """Raises Conflict when there are as many links to the same as there may be."""
    held = session.scalar(select(func.count()).select_from(Share).where(*target.conditions)) or 0
    if held >= MOST_LINKS:
        raise Conflict(f"There are {held} links to this already, as many as there may be; delete one first.")
    moment = session.scalar(select(now())) or 0.0
    share = Share(id=new_id(), digest=digest(text), run_id=target.run_id, study_id=target.study_id, project_id=target.project_id)
    share.key_id, share.created_at, share.expires_at = key_id, moment, None if for_s is None else moment + for_s
    session.add(share)
    session.flush()
    return share


def find(session: Session, text: str) -> Link | None:
    """The link of that text; None when it never was, has expired, was deleted, its key was revoked, or what it led to is gone."""
    return _first(session, _links().where(Share.digest == digest(text)))


def get(session: Session, share_id: str, entity: str | None) -> Link:
    """Raises ShareNotFound, also for another entity's."""
    link = _first(session, _links().where(Share.id == share_id))
    if link is None or entity not in (None, link.project.entity):
        raise ShareNotFound(share_id)
    return link


def of(session: Session, target: Target) -> list[Link]:
    """Oldest first; those that are good."""
    return [Link(*row) for row in session.execute(_links().where(*target.conditions).order_by(Share.created_at, Share.id))]


def lets_see_runs(session: Session, share: Share, run_ids: Collection[str]) -> bool:
    """Whether all of these runs are what is shared, or stand in the study that is."""
    asked = set(run_ids)
    if share.run_id is not None:
        return asked == {share.run_id}
    if share.study_id is None or not asked:
        return False
    members = select(func.count(StudyRun.run_id.distinct())).where(StudyRun.study_id == share.study_id, StudyRun.run_id.in_(asked))
    return session.scalar(members) == len(asked)


def lets_see_artifact(session: Session, share: Share, artifact_id: str) -> bool:
    run_id = session.scalar(select(Artifact.run_id).where(Artifact.id == artifact_id))
    return run_id is not None and lets_see_runs(session, share, [run_id])


def still_good(session: Session, texts: Sequence[str]) -> set[str]:
    """Those texts that are good as of now."""
    by_digest = {digest(text): text for text in texts}
    found = session.scalars(_links().with_only_columns(Share.digest).where(Share.digest.in_(by_digest))) if by_digest else ()
    return {by_digest[each] for each in found}


def _links() -> Select[Share, Project, str]:
    leads_to = func.coalesce(Run.project_id, Study.project_id, Share.project_id)
    query = select(Share, Project, Key.name).join(Key, Key.id == Share.key_id)
    query = query.outerjoin(Run, Run.id == Share.run_id).outerjoin(Study, Study.id == Share.study_id).join(Project, Project.id == leads_to)
    return query.where(Project.id != TRASH, Key.revoked_at.is_(None), or_(Share.expires_at.is_(None), Share.expires_at > now()))


def _first(session: Session, query: Select[Share, Project, str]) -> Link | None:
    row = session.execute(query).one_or_none()
    return None if row is None else Link(*row)
