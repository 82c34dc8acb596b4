"""Versions of the wandb SDK, each in an environment of its own beside ours, made at the first need and kept."""

import fcntl
import importlib.metadata
import shutil
import subprocess
import sys
from pathlib import Path

VERSIONS = ("0.22.3", "0.28.2", "0.31.0")
ROOM = Path(sys.prefix) / "wandb-sdks"
INSTALL_S = 300.0


class NotInstalled(Exception):
    """Why a version is not to be had here, in a word for who reads that a test was skipped."""


def python_with(version: str) -> Path:
    """The interpreter that has this version of the SDK. Raises NotInstalled."""
    if importlib.metadata.version("wandb") == version:
        return Path(sys.executable)
    ROOM.mkdir(exist_ok=True)
    with (ROOM / f"{version}.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)  # several test processes may want it at once
        folder = ROOM / version
        if not (folder / "whole").exists():
            _make(folder, version)
    return folder / "bin" / "python"


def _make(folder: Path, version: str) -> None:
    shutil.rmtree(folder, ignore_errors=True)
    _run("python -m venv", sys.executable, "-m", "venv", "--without-pip", folder)
    pip = (sys.executable, "-m", "pip", "--disable-pip-version-check", "--python", folder / "bin" / "python")
    _run(f"pip install wandb=={version}", *pip, "install", "--quiet", f"wandb=={version}", "numpy", "setuptools<81")
    (folder / "whole").touch()


def _run(what: str, *command: object) -> None:
    try:
        done = subprocess.run([str(part) for part in command], capture_output=True, text=True, timeout=INSTALL_S)
    except (OSError, subprocess.TimeoutExpired) as error:
        raise NotInstalled(f"{what}: {error}") from error
    if done.returncode:
        raise NotInstalled(f"{what}: {(done.stderr.strip().splitlines() or ['no word'])[-1][:300]}")
