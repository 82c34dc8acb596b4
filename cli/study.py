"""`runtwice study`: one experiment, its single changes, enough seeds, and what can be concluded."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from cli.errors import WRONG_USAGE, CliError
from cli.terminal import Json, terminal

if TYPE_CHECKING:
    from cli.client import Service

app = typer.Typer(help="Queue, watch and conclude studies: a baseline, its changes, their seeds.", no_args_is_help=True)
Study = Annotated[str, typer.Argument(help="Id of the study.")]
Watch = Annotated[
    bool, typer.Option("--watch", "--wait", help="Follow it until its runs have ended; exit code 1 when one failed, 4 when it was cancelled.")
]


@app.command()
def run(
    file: Annotated[str, typer.Argument(help="YAML or JSON file with a study; - reads the standard input.")],
    project: Annotated[str | None, typer.Option(help="Project, with its entity or without.", show_default="what the file says")] = None,
    name: Annotated[str | None, typer.Option(help="Name of the study.", show_default="what the file says, else the file's name")] = None,
    seeds: Annotated[int | None, typer.Option(min=1, max=5000, help="So many seeds, from 0 on.", show_default="what the file says")] = None,
    dry_run: Annotated[
        bool, typer.Option("--dry-run", help="Say what would be trained, for how long, and whether it can conclude; queue nothing.")
    ] = False,
    watch: Watch = False,
    as_json: Json = False,
) -> None:
    """Queue a study from a file. What the project has trained already with the same config is not trained again."""
    from cli import documents, study_views
    from cli.client import open_service

    body = documents.read_file(file)
    given = {"project": project, "name": name, "seeds": None if seeds is None else list(range(seeds))}
    body |= {field: value for field, value in given.items() if value is not None}
    body.setdefault("project", "default")
    body.setdefault("name", "study" if file == "-" else Path(file).stem)
    with open_service() as service:
        answer = service.post("/studies", body, dry_run="true" if dry_run else None)
        if dry_run:
            terminal.answer(answer, lambda: study_views.dry_run(answer))
        elif watch:
            _watch(service, answer)
        else:
            terminal.answer(answer, lambda: study_views.queued(answer))


@app.command()
def show(study: Study, watch: Watch = False, as_json: Json = False) -> None:
    """Show a study's table and what can be concluded so far."""
    from cli import study_views
    from cli.client import open_service

    with open_service() as service:
        found = service.get(f"/studies/{study}")
        if watch:
            _watch(service, found)
        else:
            terminal.answer(found, lambda: study_views.study(found))


@app.command("list")
def list_(
    project: Annotated[str, typer.Argument(help="Project, with its entity or without.")],
    archived: Annotated[bool, typer.Option("--archived", help="Those that are archived instead.")] = False,
    as_json: Json = False,
) -> None:
    """List a project's studies, newest first."""
    from cli import study_views
    from cli.client import open_service

    with open_service() as service:
        items = list(service.every("/studies", project=project, archived="true" if archived else None))
    terminal.answer({"items": items}, lambda: study_views.studies(items))


@app.command()
def add_seeds(
    study: Study,
    seeds: Annotated[list[int] | None, typer.Argument(help="The seeds.", show_default=False)] = None,
    count: Annotated[int | None, typer.Option(min=1, max=5000, help="So many more, after the greatest that it has.")] = None,
    watch: Watch = False,
    as_json: Json = False,
) -> None:
    """Train every variant with more seeds."""
    from cli.client import open_service

    if bool(seeds) == (count is not None):
        raise CliError("Name seeds, or how many more with --count.", "For example: runtwice study add-seeds ID --count 5", WRONG_USAGE)
    with open_service() as service:
        wanted = list(seeds or [])
        if count is not None:
            first = max(service.get(f"/studies/{study}")["seeds"]) + 1
            wanted = list(range(first, first + count))
        _told(service, service.post(f"/studies/{study}/seeds", {"seeds": wanted}), watch)


@app.command()
def add_changes(
    study: Study,
    file: Annotated[str, typer.Argument(help="YAML or JSON file with `changes`; - reads the standard input.")],
    watch: Watch = False,
    as_json: Json = False,
) -> None:
    """Add variants to a study, each with all its seeds."""
    from cli import documents
    from cli.client import open_service

    with open_service() as service:
        _told(service, service.post(f"/studies/{study}/changes", documents.read_file(file)), watch)


@app.command()
def retry(study: Study, watch: Watch = False, as_json: Json = False) -> None:
    """Train anew what failed, was cancelled or was deleted of a study."""
    from cli.client import open_service

    with open_service() as service:
        _told(service, service.post(f"/studies/{study}/retries", {}), watch)


@app.command()
def cancel(study: Study, as_json: Json = False) -> None:
    """Cancel what a study has not trained yet. Runs that another study waits for go on."""
    from cli.client import open_service

    with open_service() as service:
        found = service.act(f"/studies/{study}/cancel", {})
    kept = found["progress"]["finished"]
    terminal.answer(found, lambda: f"Study {study} is cancelled; {kept} of its {found['progress']['total']} runs had finished.")


@app.command()
def archive(study: Study, undo: Annotated[bool, typer.Option("--undo", help="Bring it back.")] = False, as_json: Json = False) -> None:
    """Take a study out of the list, or bring it back."""
    from cli.client import open_service

    with open_service() as service:
        found = service.patch(f"/studies/{study}", {"archived": not undo})
    terminal.answer(found, lambda: f"Study {study} is {'back' if undo else 'archived'}.")


@app.command()
def delete(study: Study, as_json: Json = False) -> None:
    """Delete a study that has ended. Its runs stay."""
    from cli.client import open_service

    with open_service() as service:
        service.delete(f"/studies/{study}")
    terminal.answer({"deleted": study}, lambda: f"Study {study} is deleted; its runs are still there.")


@app.command()
def report(
    study: Study,
    output: Annotated[Path | None, typer.Option("--output", "-o", metavar="FILE", help=".html or .md.", show_default="study-ID.html")] = None,
    format: Annotated[str | None, typer.Option(help="html or md.", show_default="as the file's name ends, else html")] = None,
    as_json: Json = False,
) -> None:
    """Save a study as one page: table, curves, seeds, conclusions, and how to repeat it."""
    from cli.client import open_service

    kind = format or ("md" if output is not None and output.suffix in (".md", ".markdown") else "html")
    file = output or Path(f"study-{study}.{kind}")
    with open_service() as service:
        try:
            service.download(f"/studies/{study}/report", file, format=kind)
        except OSError as error:
            raise CliError(f"{file} cannot be written: {error.strerror}.") from error
    terminal.answer({"file": str(file), "size_bytes": file.stat().st_size}, lambda: f"The report is in {file}.")


def _told(service: "Service", found: dict[str, Any], watch: bool) -> None:
    from cli import study_views

    if watch:
        _watch(service, found)
    else:
        terminal.answer(found, lambda: study_views.queued(found))


def _watch(service: "Service", found: dict[str, Any]) -> None:
    from cli import study_views
    from cli.study_follow import exit_code, follow

    ended = follow(service, found)
    terminal.answer(ended, lambda: study_views.study(ended))
    raise typer.Exit(exit_code(ended))
