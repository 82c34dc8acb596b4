"""A virtual environment for each peer, outside the tree, with the release that requirements/ pins."""

import os
import subprocess
import sys
from pathlib import Path

REQUIREMENTS = Path(__file__).parent / "requirements"


class NotInstalled(Exception):
    """Says why, in the installer's last words."""


def root() -> Path:
    return Path(os.environ.get("RUNTWICE_BENCH_DIR") or Path.home() / ".cache" / "runtwice-bench")


def environment(name: str) -> Path:
    """Made and filled when it is not there yet, or pinned to another release by now. Raises NotInstalled."""
    wanted, folder = (REQUIREMENTS / f"{name}.txt"), root() / name
    mark = folder / "installed.txt"
    if mark.is_file() and mark.read_text() == wanted.read_text():
        return folder
    print(f"Installing {name} into {folder} (once) ...", file=sys.stderr, flush=True)
    if not (folder / "bin" / "python").exists():
        _must(sys.executable, "-m", "venv", folder)
    _must(folder / "bin" / "python", "-m", "pip", "install", "-q", "--disable-pip-version-check", "-r", wanted)
    mark.write_text(wanted.read_text())
    return folder


def release(name: str) -> str:
    """The version that is pinned."""
    pins = [line for line in (REQUIREMENTS / f"{name}.txt").read_text().splitlines() if "==" in line and not line.startswith("#")]
    return pins[0].partition("==")[2]


def _must(*command: str | Path) -> None:
    done = subprocess.run([str(part) for part in command], capture_output=True, text=True, check=False)
    if done.returncode:
        words = [line for line in (done.stderr + done.stdout).splitlines() if line.strip()]
        raise NotInstalled(words[-1][:300] if words else f"{command[0]} ended with exit code {done.returncode}")
