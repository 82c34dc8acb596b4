"""`runtwice watch`: follow a run until it ends."""

from typing import TYPE_CHECKING, Annotated

import typer

from cli.terminal import Json, terminal

if TYPE_CHECKING:
    from cli.client import Service


def watch(run: Annotated[str, typer.Argument(help="Id of the run.")], as_json: Json = False) -> None:
    """Follow a run until it ends.

    Exit code: 0 finished, 1 failed, 4 cancelled, 5 crashed.
    """
    from cli.client import open_service

    with open_service() as service:
        watch_run(service, run)


def watch_run(service: "Service", run_id: str) -> None:
    from cli import views, words
    from cli.follow import EXIT_CODES, follow_ids

    [ended] = follow_ids(service, [run_id])
    last = {name: views.metric(ended, name, "last") for name in ("val/loss", "val/accuracy")}
    metrics = ", ".join(f"{name} {words.number(value)}" for name, value in last.items() if value is not None)
    terminal.answer(ended, lambda: words.ending(ended) + (f"\nAt the end: {metrics}." if metrics else ""))
    raise typer.Exit(EXIT_CODES[ended["state"]])
