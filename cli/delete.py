"""`runtwice delete`, `archive`, `unarchive`: runs out of the way, and runs gone."""

import sys
from typing import TYPE_CHECKING, Annotated, Any

import typer

from cli.errors import WRONG_USAGE, CliError
from cli.terminal import Json, terminal

if TYPE_CHECKING:
    from cli.client import Service

Runs = Annotated[list[str] | None, typer.Argument(metavar="[RUN...]", help="Ids of the runs.", show_default=False)]
Project = Annotated[str | None, typer.Option(help="The runs of this project that --filter lets through.")]
Filter = Annotated[str | None, typer.Option(help="Such as \"state = 'failed' and config.optimizer.lr > 1\".")]
Yes = Annotated[bool, typer.Option("--yes", "-y", help="Do not ask.")]


def delete(
    runs: Runs = None,
    project: Project = None,
    filter: Filter = None,
    whole_project: Annotated[bool, typer.Option("--whole-project", help="All runs of --project, and the project itself (admins only).")] = False,
    preview: Annotated[bool, typer.Option("--preview", help="Only say what would go.")] = False,
    yes: Yes = False,
    as_json: Json = False,
) -> None:
    """Delete runs, after showing what goes: it cannot be undone. Queued and running runs stay.

    To put runs out of the way and keep them, archive them.
    """
    from cli import words
    from cli.client import open_service

    _must_be_one(runs, project, filter, whole_project)
    with open_service() as service:
        would = _delete(service, runs, project, filter, whole_project, preview=True, expect=None)
        if preview:
            terminal.answer(would, lambda: f"This would go: {words.deleted(would)}")
            return
        if not yes:
            _ask(f"This goes for good: {words.deleted(would)}")
        went = _delete(service, runs, project, filter, whole_project, preview=False, expect=would["rows"]["runs"])
    terminal.answer(went, lambda: f"Deleted: {words.deleted(went)}")


def archive(runs: Runs = None, project: Project = None, filter: Filter = None, as_json: Json = False) -> None:
    """Put runs out of the way. They keep everything; unarchive brings them back."""
    _archive(runs, project, filter, True)


def unarchive(runs: Runs = None, project: Project = None, filter: Filter = None, as_json: Json = False) -> None:
    """Bring archived runs back."""
    _archive(runs, project, filter, False)


def _archive(runs: list[str] | None, project: str | None, filter: str | None, archived: bool) -> None:
    from cli import words
    from cli.client import open_service

    _must_be_one(runs, project, filter, False)
    with open_service() as service:
        if runs:
            count = len([service.patch(f"/runs/{run}", {"archived": archived}) for run in runs])
        else:
            count = service.act("/runs/archive", {"project": project, "filter": filter, "archived": archived})["runs"]
    what = "Archived" if archived else "Brought back"
    terminal.answer({"runs": count, "archived": archived}, lambda: f"{what}: {words.counted(count, 'run')}.")


def _must_be_one(runs: list[str] | None, project: str | None, filter: str | None, whole_project: bool) -> None:
    """Raises CliError unless either ids are named, or a project and which of its runs."""
    by_project = project is not None and (filter is not None) != whole_project
    if bool(runs) == (project is not None or filter is not None or whole_project) or (not runs and not by_project):
        raise CliError("Name runs by their ids, or a --project and the --filter that lets them through.", "See --help.", WRONG_USAGE)


def _delete(
    service: "Service", runs: list[str] | None, project: str | None, filter: str | None, whole_project: bool, *, preview: bool, expect: int | None
) -> dict[str, Any]:
    if runs:
        each = [service.delete(f"/runs/{run}", preview=str(preview).lower()) for run in dict.fromkeys(runs)]
        rows = {name: sum(one["rows"].get(name, 0) for one in each) for name in each[0]["rows"]}
        return {"rows": rows, "size_bytes": sum(one["size_bytes"] for one in each), "preview": preview}
    if whole_project:
        query = {"preview": "true"} if preview else {"runs": "true"}
        return dict(service.delete(f"/projects/{project_path(service, str(project))}", **query))
    body = {"project": project, "filter": filter, "preview": preview} | ({} if expect is None else {"expect": expect})
    return dict(service.act("/runs/delete", body))


def project_path(service: "Service", project: str) -> str:
    """entity/name of a project that may be named without its entity; its runs know it."""
    if "/" in project:
        return project
    found = service.get("/runs", project=project, limit=1, fields="project")["items"]
    if not found:
        raise CliError(f"Project {project} has no runs that tell its entity.", "Name it as ENTITY/NAME.")
    return str(found[0]["project"])


def _ask(question: str) -> None:
    """Raises CliError unless a person at a terminal says yes."""
    if not (sys.stdin.isatty() and sys.stderr.isatty()) or terminal.as_json:
        raise CliError(f"{question} Nothing was deleted.", "Say --yes to delete, or --preview only to look.")
    terminal.say(question)
    if not typer.confirm("Delete?", err=True):
        raise CliError("Nothing was deleted.")
