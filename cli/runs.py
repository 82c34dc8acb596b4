"""`runtwice runs` and `runtwice show`: what was trained."""

from itertools import islice
from typing import Annotated

import typer

from cli.terminal import Json, terminal


def runs(
    project: Annotated[str | None, typer.Option(help="Only this project's runs.", show_default="all")] = None,
    limit: Annotated[int, typer.Option(min=1, help="At most so many, the newest first.")] = 20,
    as_json: Json = False,
) -> None:
    """List the runs, the newest first."""
    from cli import views
    from cli.client import open_service

    with open_service() as service:
        items = list(islice(service.every("/runs", project=project, limit=min(limit, 1000)), limit))
    terminal.answer({"items": items}, lambda: views.runs_table(items))


def show(run: Annotated[str, typer.Argument(help="Id of the run.")], as_json: Json = False) -> None:
    """Show a run: state, change, metrics, config, digests, artifacts."""
    from cli import views
    from cli.client import open_service

    with open_service() as service:
        found = service.get(f"/runs/{run}")
        artifacts = list(service.every(f"/runs/{run}/artifacts"))
    terminal.answer({**found, "artifacts": artifacts}, lambda: views.run_view(found, artifacts))
