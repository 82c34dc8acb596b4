"""Addresses that the wandb SDK prints and people type, and where the page shows what they are about."""

from urllib.parse import quote

from sqlalchemy.orm import Session

from api import addresses
from api.auth import Caller
from api.parts import Parts
from store import memberships, projects, versions, wandb_runs
from store.tables import Project, Run

# W&B's parts of a project that are no pages here: what they show stands on the project's own.
OF_PROJECT = ("workspace", "table", "overview", "runs", "groups", "sweeps", "artifacts", "jobs", "automations", "launch")


def elsewhere(parts: Parts, caller: Caller, path: str) -> str | None:
    """Another address, of the page for what this path (not quoted) is about; None when it is the page's own, or nothing that the caller may see."""
    entity, name, *rest = (part for part in (*path.strip("/").split("/"), "", ""))
    rest = rest[:-2]
    if not rest or caller.kind == "link" or not caller.may_see(entity):
        return None
    with parts.db.read() as session:
        project = projects.find(session, entity, name)
        return None if project is None else _below(session, caller, project, rest)


def _below(session: Session, caller: Caller, project: Project, rest: list[str]) -> str | None:
    match rest:
        case ["runs", name, *more]:
            run = _run(session, project, name)
            return addresses.of_run(project.path, run.id) if run is not None and (more or run.id != name) else None
        case ["groups", *named] if named:
            return _filtered(project, f"group = '{_doubled('/'.join(named))}'")
        case ["artifacts", _, name]:
            return _of_version(session, caller, project, name)
        case ["artifacts", _, name, alias, *_]:
            return _of_version(session, caller, project, f"{name}:{alias}")
        case ["sweeps", _]:
            return None
        case [part, *_] if part in OF_PROJECT:
            return addresses.of_project(project.path)
    return None


def _run(session: Session, project: Project, name: str) -> Run | None:
    """By its id, or by what it is called in its project."""
    run = session.get(Run, name)
    return run if run is not None and run.project_id == project.id else wandb_runs.find(session, project, name)


def _of_version(session: Session, caller: Caller, project: Project, name: str) -> str:
    """The run that logged it; the project when none did that the caller may see."""
    found = memberships.named(session, project, name)
    if found is not None and found.version.logged_by in versions.visible_makers(session, [found.version], caller.entity):
        run = session.get_one(Run, found.version.logged_by)
        return addresses.of_run(run.project.path, run.id)
    return addresses.of_project(project.path)


def _filtered(project: Project, filter: str) -> str:
    return f"{addresses.of_project(project.path)}?filter={quote(filter, safe='')}"


def _doubled(text: str) -> str:
    return text.replace("'", "''")
