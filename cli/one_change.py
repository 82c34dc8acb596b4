"""`runtwice one-change`: what becomes of a run that changes more than one factor against its baseline."""

from enum import StrEnum
from typing import Annotated

import typer

from cli.terminal import Json, terminal


class What(StrEnum):
    refuse = "refuse"
    flag = "flag"


TOLD = {
    What.refuse: "is refused, unless --allow-many-changes (in a study `factors: many`) says that it is meant",
    What.flag: "is taken, and flagged",
}


def one_change(
    project: Annotated[str, typer.Argument(help="The project, as ENTITY/NAME.")],
    what: Annotated[What | None, typer.Argument(help="From now on.", show_default="show what is in force")] = None,
    as_json: Json = False,
) -> None:
    """Show or set whether a project refuses, or flags, runs that change more than one factor."""
    from cli.client import open_service
    from cli.delete import project_path

    with open_service() as service:
        address = f"/projects/{project_path(service, project)}/changes"
        found = service.get(address) if what is None else service.put(address, {"many_changes": what.value})
    terminal.answer(found, lambda: f"{project}: what changes more than one factor against its baseline {TOLD[What(found['many_changes'])]}.")
