"""`runtwice runs` and `runtwice show`: what was trained."""

from itertools import islice
from typing import Annotated

import typer

from cli.terminal import Json, terminal


def runs(
    project: Annotated[str | None, typer.Option(help="Only this project's runs.", show_default="all")] = None,
    filter: Annotated[str | None, typer.Option(help="Only these, such as \"state = 'finished' and config.optimizer.lr < 0.1\".")] = None,
    sort: Annotated[str | None, typer.Option(help="Keys by commas, - before those that descend.", show_default="newest first")] = None,
    limit: Annotated[int, typer.Option(min=1, help="At most so many.")] = 20,
    as_json: Json = False,
) -> None:
    """List runs, the newest first unless sorted."""
    from cli import views
    from cli.client import open_service

    with open_service() as service:
        items = list(islice(service.every("/runs", project=project, filter=filter, sort=sort, limit=min(limit, 1000)), limit))
    terminal.answer({"items": items}, lambda: views.runs_table(items))


def show(run: Annotated[str, typer.Argument(help="Id of the run.")], as_json: Json = False) -> None:
    """Show a run: state, change, metrics, config, digests, artifacts."""
    from cli import views
    from cli.client import open_service

    with open_service() as service:
        found = service.get(f"/runs/{run}")
        artifacts = list(service.every(f"/runs/{run}/artifacts"))
    terminal.answer({**found, "artifacts": artifacts}, lambda: views.run_view(found, artifacts))
