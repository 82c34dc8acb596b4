"""`runtwice compare`: what differs between runs, and what came of it."""

from typing import Annotated

import typer

from cli.terminal import Json, terminal


def compare(runs: Annotated[list[str], typer.Argument(metavar="RUN...", help="Ids of the runs.")], as_json: Json = False) -> None:
    """Put runs side by side: metrics, then what differs in their configs and environments."""
    from cli import views
    from cli.client import open_service

    with open_service() as service:
        compared = service.post("/compare", {"runs": runs})
    terminal.answer(compared, lambda: views.comparison(compared, runs))
