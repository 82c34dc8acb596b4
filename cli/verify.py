"""`runtwice verify`: one rerun, its verdict as an exit code, and the receipt of it: what a build calls."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from cli.errors import CliError
from cli.rerun import EXIT_CODES, Node, Run
from cli.terminal import Json, terminal

if TYPE_CHECKING:
    from cli.client import Service

Receipt = Annotated[Path | None, typer.Option(help="Save the verdict here as a signed receipt.", metavar="FILE", show_default="none")]
Timeout = Annotated[float | None, typer.Option(min=0, metavar="SECONDS", help="Give up after so long.", show_default="wait for ever")]


def verify(run: Run, node: Node = None, receipt: Receipt = None, timeout: Timeout = None, as_json: Json = False) -> None:
    """Train a run again and wait for the verdict.

    Exit code: 0 identical, 1 different, 2 not comparable. Whatever kept it from a verdict is another one: 3 refused, not found, not reached or timed
    out; 64 wrong usage; 70 a fault of ours.
    """
    from cli import words
    from cli.client import open_service

    if receipt is not None:
        _must_be_writable(receipt)
    with open_service() as service:
        rerun = _queue(service, run, node)
        _wait(service, rerun, timeout)
        verdict = service.get(f"/runs/{rerun}/verdict")
        if receipt is not None:
            save(service, rerun, receipt)
    saved = {} if receipt is None else {"receipt": str(receipt)}
    terminal.answer({**verdict, **saved}, lambda: "\n".join([words.verdict(verdict), *(f"Receipt: {file}" for file in saved.values())]))
    raise typer.Exit(EXIT_CODES[verdict["outcome"]])


def save(service: "Service", rerun: str, file: Path) -> None:
    """The receipt of a verdict as it came, to the byte; nothing is left half written. Raises CliError."""
    draft = file.with_name(f"{file.name}.part")
    try:
        service.download(f"/runs/{rerun}/verdict/receipt", draft)
        draft.replace(file)
    except OSError as error:
        raise _unwritable(file, error) from error
    finally:
        draft.unlink(missing_ok=True)


def _queue(service: "Service", run: str, node: str | None) -> str:
    body: dict[str, Any] = {"node": node} if node else {}
    return str(service.post(f"/runs/{run}/reruns", body)["items"][0]["id"])


def _wait(service: "Service", rerun: str, timeout: float | None) -> None:
    from cli.follow import follow_ids

    try:
        follow_ids(service, [rerun], timeout)
    except TimeoutError as error:
        todo = f"It goes on: runtwice show {rerun} says how it stands, and runtwice watch {rerun} waits for it."
        raise CliError(f"Rerun {rerun} was not judged within {timeout:g} s.", todo) from error


def _must_be_writable(file: Path) -> None:
    """A run is not trained for a receipt that has no place. Raises CliError."""
    draft = file.with_name(f"{file.name}.part")
    try:
        draft.touch()
        draft.unlink()
    except OSError as error:
        raise _unwritable(file, error) from error
    if file.is_dir():
        raise CliError(f"{file} is a folder; a receipt is a file.")


def _unwritable(file: Path, error: OSError) -> CliError:
    return CliError(f"The receipt cannot be written to {file}: {error.strerror or error}.")
