"""`runtwice rerun`: does it come out the same again?"""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from cli.errors import DONE, NO, NOT_COMPARABLE, WRONG_USAGE, CliError
from cli.terminal import Json, terminal

if TYPE_CHECKING:
    from cli.client import Service

EXIT_CODES = {"identical": DONE, "different": NO, "not_comparable": NOT_COMPARABLE}
Run = Annotated[str, typer.Argument(help="Id of a finished run.")]
Node = Annotated[str | None, typer.Option(help="Train on this node.", show_default="any")]


def rerun(
    run: Run,
    count: Annotated[int, typer.Option(min=1, help="How many reruns.")] = 1,
    node: Node = None,
    wait: Annotated[bool, typer.Option("--wait", help="Wait for the verdicts; the exit code is the worst one's, as of verify.")] = False,
    here: Annotated[
        bool, typer.Option("--here", help="Train it in this environment, log it as a client's run, and judge that; exit codes as of verify.")
    ] = False,
    datasets: Annotated[
        Path | None, typer.Option(help="With --here: folder with NAME.npz of an uploaded data set.", metavar="FOLDER", show_default="none")
    ] = None,
    as_json: Json = False,
) -> None:
    """Train a run again; the service judges whether every bit is the same.

    A rerun takes the config and the seed as they were resolved for the run, its device included.
    """
    from cli.client import open_service

    if here and (count != 1 or node is not None):
        raise CliError("--here trains once, in this environment; --count and --node are for the service's workers.", "", WRONG_USAGE)
    with open_service() as service:
        if here:
            _here(service, run, datasets)
        reruns = _queue(service, run, count, node)
        if wait:
            _judge(service, reruns)
        else:
            lines = [f"Rerun {again['id']} of run {again['rerun_of']} is queued." for again in reruns]
            terminal.answer({"items": reruns}, lambda: "\n".join([*lines, f"Its verdict: runtwice show {reruns[0]['id']}, or wait for it: --wait"]))


def _here(service: "Service", run: str, datasets: Path | None) -> None:
    from cli import words
    from cli.here import rerun_here

    verdict = rerun_here(service, run, datasets)
    terminal.answer(verdict, lambda: words.verdict(verdict))
    raise typer.Exit(EXIT_CODES[verdict["outcome"]])


def _queue(service: "Service", run: str, count: int, node: str | None) -> list[dict[str, Any]]:
    body = {"count": count} | ({"node": node} if node else {})
    reruns: list[dict[str, Any]] = service.post(f"/runs/{run}/reruns", body)["items"]
    return reruns


def _judge(service: "Service", reruns: list[dict[str, Any]]) -> None:
    """Prints the verdict of each once it has ended; leaves with the worst one's exit code."""
    from cli import words
    from cli.follow import follow_ids

    follow_ids(service, [again["id"] for again in reruns])
    verdicts = [service.get(f"/runs/{again['id']}/verdict") for again in reruns]
    terminal.answer({"items": verdicts}, lambda: "\n".join(words.verdict(judged) for judged in verdicts))
    outcomes = {judged["outcome"] for judged in verdicts}
    worst = next(outcome for outcome in ("different", "not_comparable", "identical") if outcome in outcomes)
    raise typer.Exit(EXIT_CODES[worst])
