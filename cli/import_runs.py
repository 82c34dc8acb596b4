"""`runtwice import wandb`: runs that the wandb SDK logged offline, pushed through the SDK itself."""

import os
import shutil
import subprocess
import sys
from importlib.util import find_spec
from pathlib import Path
from typing import Annotated, Any

import typer

from cli.errors import CliError
from cli.terminal import Json, terminal

app = typer.Typer(help="Bring in runs that were logged elsewhere.", no_args_is_help=True)


@app.callback()
def _group() -> None:
    """Bring in runs that were logged elsewhere."""


OFFLINE = "offline-run-*"
TOLD_CHARACTERS = 500
LONGEST_S = 3600.0


@app.command()
def wandb(
    path: Annotated[Path, typer.Argument(help="A folder offline-run-..., or one that holds such folders, at any depth.")],
    project: Annotated[str | None, typer.Option(help="Put the runs into this project, ENTITY/NAME or NAME.", show_default="as they say")] = None,
    as_json: Json = False,
) -> None:
    """Import runs of the wandb SDK that were logged offline. Twice is once: nothing is doubled."""
    from cli.client import find_key, find_url

    folders = _offline_folders(path)
    url = find_url()
    key, _ = find_key(url)
    if not key:
        raise CliError(f"There is no key for the service at {url}.", "Set RUNTWICE_API_KEY.")
    environment = {**os.environ, "WANDB_BASE_URL": url, "WANDB_API_KEY": key, "WANDB_MODE": "online"}
    command = [*_sdk(), "sync", *_into(project)]
    items = [_sync(command, folder, environment) for folder in folders]
    failed = [item for item in items if item["error"]]
    terminal.answer({"items": items, "imported": len(items) - len(failed), "failed": len(failed)}, lambda: _told(items))
    if failed:
        raise typer.Exit(3)


def _offline_folders(path: Path) -> list[Path]:
    """Raises CliError when there is none."""
    if path.is_dir() and path.match(OFFLINE):
        return [path]
    found = sorted(folder for folder in path.rglob(OFFLINE) if folder.is_dir()) if path.is_dir() else []
    if not found:
        raise CliError(f"{path} holds no run that wandb logged offline.", f"Such runs are folders named {OFFLINE}, below a folder wandb.")
    return found


def _sdk() -> list[str]:
    """Raises CliError when the SDK is not to be found."""
    if find_spec("wandb") is not None:
        return [sys.executable, "-m", "wandb"]
    program = shutil.which("wandb")
    if program is None:
        raise CliError("The wandb SDK, which reads its own offline runs, is not installed here.", "pip install wandb")
    return [program]


def _into(project: str | None) -> list[str]:
    entity, slash, name = (project or "").rpartition("/")
    return [*(("--project", name) if name else ()), *(("--entity", entity) if slash else ())]


def _sync(command: list[str], folder: Path, environment: dict[str, str]) -> dict[str, Any]:
    """`error` is null, or what the SDK said."""
    try:
        done = subprocess.run([*command, str(folder)], check=False, env=environment, capture_output=True, text=True, timeout=LONGEST_S)
    except subprocess.TimeoutExpired:
        return {"folder": str(folder), "error": f"not done after {LONGEST_S:g} s"}
    said = (done.stderr + done.stdout).strip()
    is_bad = done.returncode != 0 or "error" in said.lower() or "failed" in said.lower()
    return {"folder": str(folder), "error": (said or f"exit code {done.returncode}")[-TOLD_CHARACTERS:] if is_bad else None}


def _told(items: list[dict[str, Any]]) -> str:
    lines = [f"{item['folder']}: {item['error'] or 'imported'}" for item in items]
    return "\n".join([*lines, f"{sum(not item['error'] for item in items)} of {len(items)} runs are here now."])
