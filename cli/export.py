"""`runtwice export`: a project as a folder of Parquet, or a run as a zip file."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from cli.errors import WRONG_USAGE, CliError
from cli.terminal import Json, terminal

if TYPE_CHECKING:
    from cli.client import Service


def export(
    project: Annotated[str | None, typer.Argument(help="The project.", show_default=False)] = None,
    to: Annotated[Path | None, typer.Option(help="The folder, or for --run the file.", show_default="named after what is exported")] = None,
    run: Annotated[str | None, typer.Option(help="A run instead of a project: one zip file with its artifacts.")] = None,
    filter: Annotated[str | None, typer.Option(help="Only the runs that this lets through.")] = None,
    metric: Annotated[list[str] | None, typer.Option(help="Only the points of this metric; may be given several times.")] = None,
    again: Annotated[bool, typer.Option("--again", help="Begin anew in a folder that holds an export.")] = False,
    as_json: Json = False,
) -> None:
    """Write a project into a folder of Parquet files, for DuckDB, pandas and the like.

    Broken off, it goes on where it was when it is called again.
    """
    from cli.client import open_service

    if (project is None) == (run is None) or (run is not None and (filter is not None or metric)):
        raise CliError("Name a project, or a run by --run.", "See --help.", WRONG_USAGE)
    with open_service() as service:
        try:
            told = _run(service, run, to) if run is not None else _project(service, str(project), to, filter, metric or [], again)
        except OSError as error:
            raise CliError(f"{error.filename or to}: {error.strerror}.") from error
    terminal.answer(told, lambda: _words(told))


def _run(service: "Service", run: str, to: Path | None) -> dict[str, Any]:
    file = to or Path(f"run-{run}.zip")
    if file.is_dir():
        file /= f"run-{run}.zip"
    part = file.with_name(f".{file.name}.part")
    try:
        service.download(f"/runs/{run}/export", part, artifacts="true")
        part.replace(file)
    finally:
        part.unlink(missing_ok=True)
    return {"file": str(file), "size_bytes": file.stat().st_size}


def _project(service: "Service", project: str, to: Path | None, filter: str | None, metrics: list[str], again: bool) -> dict[str, Any]:
    from cli.export_folder import ExportFolder

    folder = ExportFolder.open(to or Path(project.replace("/", "-")), {"project": project, "filter": filter, "metrics": metrics}, again)
    query = {"project": project, "filter": filter}
    while not folder.has_all_points:
        file, part = folder.next_points()
        headers = service.download("/export/points", part, metric=metrics or None, cursor=folder.cursor, **query)
        folder.took_points(file, part, headers.get("next-cursor"))
        terminal.say(f"{file.relative_to(folder.path)}  {file.stat().st_size / 1e6:.1f} MB")
    file, part = folder.runs_file()
    service.download("/export/runs", part, format="parquet", **query)
    folder.took_runs(file, part)
    return folder.told()


def _words(told: dict[str, Any]) -> str:
    from cli import words

    if "file" in told:
        return f"{told['file']}  {words.bytes_(told['size_bytes'])}"
    holds = f"runs.parquet and {words.counted(told['points_files'], 'file')} of points, {words.bytes_(told['size_bytes'])}"
    return f"{told['folder']}: {holds}.\n{told['folder']}/README.md says how to read them."
