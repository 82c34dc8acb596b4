"""Saved views of projects: a key's own, and those that others share."""

from typing import NamedTuple

from sqlalchemy import func, or_, select
from sqlalchemy.orm import Session

from store.database import now
from store.errors import Conflict, ViewNotFound
from store.ids import new_id
from store.tables import Key, Project, View

MOST_OF_A_KEY = 200


class Owned(NamedTuple):
    """A view and the name of the key that it belongs to."""

    view: View
    owner: str


def add(session: Session, project: Project, key_id: str, name: str, query: str, shared: bool) -> Owned:
    """Raises Conflict when the key has as many views of the project as it may have."""
    session.execute(select(Project.id).where(Project.id == project.id).with_for_update(key_share=True))  # two at once are counted one by one
    held = session.scalar(select(func.count()).select_from(View).where(View.project_id == project.id, View.key_id == key_id)) or 0
    if held >= MOST_OF_A_KEY:
        raise Conflict(f"You have {held} views of project {project.path}, as many as there may be; delete one first.")
    moment = session.scalar(select(now())) or 0.0
    view = View(id=new_id(), project_id=project.id, key_id=key_id, name=name, query=query, shared=shared, created_at=moment, updated_at=moment)
    session.add(view)
    session.flush()
    return Owned(view, session.get_one(Key, key_id).name)


def of_project(session: Session, project: Project, key_id: str, after: tuple[str, str] | None, limit: int) -> list[Owned]:
    """The key's own and those that are shared, by name; those behind the (name, id) `after`."""
    query = select(View, Key.name).join(Key, Key.id == View.key_id).where(View.project_id == project.id, or_(View.shared, View.key_id == key_id))
    if after is not None:
        query = query.where(or_(View.name > after[0], (View.name == after[0]) & (View.id > after[1])))
    return [Owned(view, owner) for view, owner in session.execute(query.order_by(View.name, View.id).limit(limit))]


def get(session: Session, view_id: str, entity: str | None, key_id: str, lock: bool = False) -> Owned:
    """Raises ViewNotFound, also for another entity's and for one that another key keeps for itself."""
    query = select(View, Key.name, Project.entity).join(Key, Key.id == View.key_id).join(Project, Project.id == View.project_id)
    query = query.where(View.id == view_id, or_(View.shared, View.key_id == key_id))
    found = session.execute(query.with_for_update(of=View) if lock else query).one_or_none()
    if found is None or entity not in (None, found.entity):
        raise ViewNotFound(view_id)
    return Owned(found.View, found.name)


def touch(session: Session, view: View) -> None:
    """It was changed now."""
    view.updated_at = session.scalar(select(now())) or view.updated_at
    session.flush()
