"""Projects: making, showing."""

from urllib.parse import quote

from sqlalchemy.orm import Session

from api.answers import Answer, rfc3339
from api.auth import Caller
from api.idempotency import Once, answer_once
from api.parts import Parts
from api.schemas.others import OneChange, OneChangeShown, ProjectShown
from api.services import names
from store import projects, runs
from store.errors import NameTaken
from store.tables import Project


def create(parts: Parts, caller: Caller, text: str, once: Once | None) -> Answer:
    """201 with the project. Raises NameTaken."""
    entity, name = names.usable(caller, parts.settings, text)
    with parts.db.begin() as session:

        def make() -> Answer:
            if projects.find(session, entity, name) is not None:
                raise NameTaken(f"There is a project {entity}/{name} already.")
            project = names.find_or_add(session, caller, parts.settings, text)
            return Answer.of(201, _with_runs(session, project), Location=f"/api/v1/projects/{quote(project.path)}")

        return answer_once(session, once, make)


def show(parts: Parts, caller: Caller, entity: str, name: str) -> ProjectShown:
    with parts.db.read() as session:
        return _with_runs(session, names.get(session, caller, entity, name))


def one_change(parts: Parts, caller: Caller, entity: str, name: str) -> OneChangeShown:
    """Raises ProjectNotFound."""
    with parts.db.read() as session:
        return {"many_changes": names.get(session, caller, entity, name).many_changes}  # type: ignore[typeddict-item]


def put_one_change(parts: Parts, caller: Caller, entity: str, name: str, body: OneChange) -> OneChangeShown:
    """In force for what is submitted from the commit on; the project is made when there is none."""
    with parts.db.begin() as session:
        names.find_or_add(session, caller, parts.settings, f"{entity}/{name}").many_changes = body.many_changes
    return {"many_changes": body.many_changes}


def shown(project: Project) -> ProjectShown:
    return {"project": project.path, "entity": project.entity, "name": project.name, "created_at": rfc3339(project.created_at)}


def _with_runs(session: Session, project: Project) -> ProjectShown:
    return {**shown(project), "runs": runs.count(session, entity=None, project=project)}
