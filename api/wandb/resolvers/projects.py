"""Projects as the SDK sees them."""

from typing import Any

from api.services import names
from api.wandb.asking import Asking
from api.wandb.ids import number, opaque
from api.wandb.resolvers import registries, viewer
from api.wandb.times import moment
from store.errors import ProjectNotFound
from store.tables import Project


def project(_parent: Any, asking: Asking, name: str | None = None, entityName: str | None = None) -> Project | None:
    """None for a project that is not there or not for the caller: reading makes none."""
    try:
        return asking.project(entityName, name)
    except ProjectNotFound:
        return None


def upsert(_parent: Any, asking: Asking, input: dict[str, Any]) -> dict[str, Any]:
    """The project, made when there is none; what else the SDK sends of it (its access, its framework) is kept of registries alone."""
    path = asking.project_path(input.get("entityName"), input.get("name"))
    with asking.writing() as session:
        known = _known(asking, path)
        project = names.find_or_add(session, asking.caller, asking.parts.settings, "/".join(path))
        if project.name.startswith(registries.PREFIX):
            registries.change(session, project, input)
        made = project.path
    entity, _, name = made.partition("/")
    found = asking.project(entity, name)
    return {"inserted": not known, "model": found, "project": found}


def _known(asking: Asking, path: tuple[str, str]) -> bool:
    with asking.parts.db.read() as session:
        try:
            names.get(session, asking.caller, *path)
        except ProjectNotFound:
            return False
    return True


FIELDS = {
    "Query.project": project,
    "Query.model": project,
    "Mutation.upsertModel": upsert,
    "Project.id": lambda project, _asking: opaque("Project", project.id),
    "Project.internalId": lambda project, _asking: opaque("ProjectInternalId", str(number(project.id))),
    "Project.entityName": lambda project, _asking: project.entity,
    "Project.entity": lambda project, _asking: viewer.of_name(project.entity),
    "Project.views": lambda _project, _asking: "{}",
    "Project.createdAt": lambda project, _asking: moment(project.created_at),
    "Project.isBenchmark": lambda _project, _asking: False,
    "Project.readOnly": lambda _project, asking: asking.caller.role == "viewer",
    "Project.tags": lambda _project, _asking: [],
    "Project.user": lambda project, asking: viewer.user(asking, project.entity, project.entity, own=project.entity),
}
