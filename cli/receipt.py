"""`runtwice receipt`: verdicts as signed files, had from the service and checked without it."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from cli.errors import NO, CliError
from cli.terminal import Json, terminal

if TYPE_CHECKING:
    from cli.client import Service

app = typer.Typer(help="Get verdicts as signed receipts, and check them.", no_args_is_help=True)
LARGEST = 1_000_001


@app.command()
def verify(
    file: Annotated[Path, typer.Argument(help="The receipt.")],
    key: Annotated[list[str] | None, typer.Option(help="A key it may be signed with, ed25519:..., or a file of such; no service is asked.")] = None,
    server: Annotated[bool, typer.Option("--server", help="Check it against the keys of the service; this is done when no key is given.")] = False,
    as_json: Json = False,
) -> None:
    """Check that a receipt is as the service signed it, to the byte.

    Exit code: 0 it is, 1 it is not, 3 it could not be checked. What the verdict says does not matter here.
    """
    from analysis.receipts import NotGenuine, opened

    if key and server:
        raise CliError("--key checks without the service, --server asks it: say one of the two.")
    content = _read(file)
    keys = {found for named in key for found in _keys(named)} if key else _service_keys()
    try:
        receipt = opened(content, keys)
    except NotGenuine as error:
        reason = str(error)
        terminal.answer({"genuine": False, "reason": reason}, lambda: f"Not genuine: {reason}")
        raise typer.Exit(NO) from error
    terminal.answer({"genuine": True, "receipt": receipt}, lambda: _said(receipt))


@app.command()
def get(
    rerun: Annotated[str, typer.Argument(help="Id of a rerun that was judged.")],
    to: Annotated[Path | None, typer.Option(metavar="FILE", help="Where to save it.", show_default="RERUN.receipt.json")] = None,
    as_json: Json = False,
) -> None:
    """Save the verdict on a rerun as a signed receipt."""
    from cli.client import open_service
    from cli.verify import save

    file = to or Path(f"{rerun}.receipt.json")
    with open_service() as service:
        save(service, rerun, file)
    terminal.answer({"receipt": str(file)}, lambda: f"Receipt: {file}")


@app.command()
def keys(as_json: Json = False) -> None:
    """List the keys of the service: keep one where receipts are checked."""
    from cli.client import open_service

    with open_service() as service:
        items = _listed(service)
    terminal.answer({"items": items}, lambda: "\n".join(f"{item['key']}  since {item['since']}" for item in items))


def _read(file: Path) -> bytes:
    try:
        with file.open("rb") as opened:
            return opened.read(LARGEST)
    except OSError as error:
        raise CliError(f"{file} cannot be read: {error.strerror or error}.") from error


def _keys(named: str) -> list[str]:
    """The keys that an option names: itself, or the lines of a file. Raises CliError."""
    from analysis.receipts import KEY

    lines = [named.strip()] if KEY.fullmatch(named.strip()) else _read(Path(named)).decode(errors="replace").split()
    found = [line for line in lines if KEY.fullmatch(line)]
    if not found:
        raise CliError(f"{named} holds no key.", "A key is ed25519: and 64 digits of 0-9 and a-f; `runtwice receipt keys` lists the service's.")
    return found


def _service_keys() -> set[str]:
    from cli.client import ServiceError, open_service

    try:
        with open_service() as service:
            return {str(item["key"]) for item in _listed(service)}
    except ServiceError:
        raise
    except CliError as error:
        raise CliError(error.sentence, f"{error.todo} To check without a service: --key ed25519:...".strip()) from error


def _listed(service: "Service") -> list[dict[str, Any]]:
    items: list[dict[str, Any]] = service.get("/receipts/keys")["items"]
    return items


def _said(receipt: dict[str, Any]) -> str:
    verdict, server = receipt["verdict"], receipt["server"]
    pair = f"rerun {receipt['rerun']['run']} against run {receipt['original']['run']} of {receipt['original']['project']}"
    outcome = str(verdict["outcome"]).replace("_", " ")
    return "\n".join(
        [
            f"Genuine: {pair}: {outcome}. {verdict['reason']}",
            f"Judged at {verdict['judged_at']} by service {server['id']} ({server['url']}).",
            f"Signed with {receipt['key']}.",
        ]
    )
