"""`runtwice selftest`: does what is promised hold on this machine?"""

import json
import subprocess
import sys
from pathlib import Path
from typing import Annotated, Any

import typer

from cli.errors import DONE, NO, CliError
from cli.terminal import Json, terminal

app = typer.Typer(help="Try on this machine what Runtwice promises.", no_args_is_help=True)
REFUSED = 2


@app.callback()
def _group() -> None:
    pass


@app.command()
def resume(
    config: Annotated[Path, typer.Argument(help="A config as JSON or YAML, such as those in examples/.")],
    kills: Annotated[int, typer.Option(min=1, max=1000, help="How often to kill it.")] = 5,
    seed: Annotated[int, typer.Option(min=0, help="Chooses where the kills fall.")] = 0,
    as_json: Json = False,
) -> None:
    """Kill a training at random steps, resume it from its checkpoint, and say whether every bit is the same.

    The config is trained here, without a service: once undisturbed, then again for each kill. Kills are SIGKILL, at a step or inside the write of a
    checkpoint. Exit code: 0 every resumed run is exact, 1 one is not.
    """
    terminal.say(f"Training {config} undisturbed, then killing and resuming it {kills} {'time' if kills == 1 else 'times'} ...")
    said = _said(config, kills, seed)
    terminal.answer(said, lambda: view(said))
    raise typer.Exit(DONE if said["exact"] else NO)


def _said(config: Path, kills: int, seed: int) -> dict[str, Any]:
    """What the trainer's own selftest says. Raises CliError."""
    command = [sys.executable, "-m", "trainer.selftest", str(config), "--kills", str(kills), "--seed", str(seed)]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    try:
        said: dict[str, Any] = json.loads(done.stdout.strip().splitlines()[-1])
    except (ValueError, IndexError) as error:
        last = (done.stderr.strip().splitlines() or [f"it left with exit code {done.returncode}"])[-1]
        raise CliError(f"The self-test could not be run: {last}", "It needs PyTorch on this machine: pip install 'runtwice[worker]'.") from error
    if "error" in said:
        raise CliError(f"{config}: {said['error']}", "The config is refused." if done.returncode == REFUSED else "")
    return said


def view(said: dict[str, Any]) -> str:
    """A line for each kill, and the answer."""
    lines = [_line(kill) for kill in said["kills"]]
    exact = sum(kill["exact"] for kill in said["kills"])
    every = "Exact: " if said["exact"] else "Not exact: "
    return "\n".join([*lines, f"{every}{exact} of {len(lines)} resumed runs have the points, digests and files of the undisturbed one, bit for bit."])


def _line(kill: dict[str, Any]) -> str:
    begin = "began again" if kill["resumed_from"] is None else f"resumed at step {kill['resumed_from']}"
    return f"killed {kill['moment']}, step {kill['step']}; {begin}; {'the same' if kill['exact'] else 'differs: ' + '; '.join(kill['differences'])}"
