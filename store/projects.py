"""Projects: `entity/name`, made on first use."""

from collections.abc import Sequence

from sqlalchemy import and_, bindparam, delete, func, or_, select
from sqlalchemy.orm import Session

from store.database import insert_into, now
from store.errors import Conflict, ProjectNotFound
from store.ids import new_id
from store.tables import TRASH, Collection, Project, Run

_FIND = select(Project).where(
    Project.entity == bindparam("entity"), Project.name == bindparam("name"), Project.id != TRASH
)  # made once: most requests ask it


def find(session: Session, entity: str, name: str) -> Project | None:
    return session.scalars(_FIND, {"entity": entity, "name": name}).one_or_none()


def get(session: Session, entity: str, name: str) -> Project:
    """Raises ProjectNotFound."""
    project = find(session, entity, name)
    if project is None:
        raise ProjectNotFound(f"{entity}/{name}")
    return project


def find_or_add(session: Session, entity: str, name: str) -> Project:
    """The project of that name, made now when there is none. Two callers at once get the same one."""
    new = insert_into(session, Project).values(id=new_id(), entity=entity, name=name, created_at=now())
    session.execute(new.on_conflict_do_nothing(index_elements=["entity", "name"]))
    return get(session, entity, name)


def page(session: Session, *, entity: str | None, after: tuple[str, str] | None, limit: int) -> list[Project]:
    """Up to `limit` projects by entity and name; `after` is the last one's (entity, name). entity None: every entity's."""
    query = select(Project).where(Project.id != TRASH).order_by(Project.entity, Project.name).limit(limit)
    if entity is not None:
        query = query.where(Project.entity == entity)
    if after is not None:
        query = query.where(or_(Project.entity > after[0], and_(Project.entity == after[0], Project.name > after[1])))
    return list(session.scalars(query))


def count(session: Session, *, entity: str | None) -> int:
    query = select(func.count()).select_from(Project).where(Project.id != TRASH)
    return session.scalar(query if entity is None else query.where(Project.entity == entity)) or 0


def by_ids(session: Session, ids: Sequence[str]) -> dict[str, Project]:
    return {project.id: project for project in session.scalars(select(Project).where(Project.id.in_(ids)))}


def flags_many_changes(project: Project | None) -> bool:
    """Whether what changes more than one factor is flagged rather than refused. A project that is still to be made refuses."""
    return project is not None and project.many_changes == "flag"


def entities(session: Session, limit: int) -> list[str]:
    """Those that have projects."""
    return list(session.scalars(select(Project.entity).where(Project.id != TRASH).distinct().order_by(Project.entity).limit(limit)))


def with_prefix(session: Session, entity: str, prefix: str, limit: int) -> list[Project]:
    """By name."""
    query = select(Project).where(Project.entity == entity, Project.id != TRASH, Project.name.startswith(prefix, autoescape=True))
    return list(session.scalars(query.order_by(Project.name).limit(limit)))


def moment(session: Session) -> float:
    """The database's time."""
    return session.scalar(select(now())) or 0.0


def rename(session: Session, project: Project, name: str) -> None:
    """Raises Conflict when the entity has a project of that name."""
    if project.name != name and find(session, project.entity, name) is not None:
        raise Conflict(f"There is a project {project.entity}/{name} already.")
    project.name = name


def drop(session: Session, project: Project) -> None:
    """Raises Conflict for one that holds runs or collections."""
    for table in (Run, Collection):
        if session.scalar(select(table.id).where(table.project_id == project.id).limit(1)) is not None:
            raise Conflict(f"Project {project.path} still holds runs or collections of artifacts.")
    session.execute(delete(Project).where(Project.id == project.id))
