"""The example package of examples/, installed into a folder of a test's own, as its users install it but without an index."""

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

ROOT = Path(__file__).parent.parent
EXAMPLE = ROOT / "examples" / "runtwice-example"
RINGS: dict[str, Any] = {**json.loads((EXAMPLE / "rings.json").read_text()), "device": "cpu", "total_iterations": 150}


def python(*arguments: str | Path, beside: tuple[Path, ...] = (), okay: bool = True) -> subprocess.CompletedProcess[str]:
    """What a new Python process said that finds this checkout and the packages in the folders beside it."""
    found = os.pathsep.join(str(folder) for folder in (*beside, ROOT))
    command = [sys.executable, *map(str, arguments)]
    done = subprocess.run(command, capture_output=True, text=True, env={**os.environ, "PYTHONPATH": found}, cwd=ROOT)
    assert not okay or done.returncode == 0, done.stderr[-3000:]
    return done


def install_into(folder: Path) -> Path:
    offline = ["--no-index", "--no-deps", "--no-build-isolation", "--quiet", "--disable-pip-version-check"]
    python("-m", "pip", "install", *offline, "--target", folder, EXAMPLE)
    return folder
