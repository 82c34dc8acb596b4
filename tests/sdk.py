"""The real wandb SDK in processes of its own with folders of its own, which knows no more than the address and a key."""

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

LONGEST_S = 200


class Sdk:
    """Runs scripts that import wandb."""

    def __init__(self, folder: Path, url: str, key: str, python: str = sys.executable) -> None:
        self.folder, self.url, self.key, self.python = folder, url, key, python

    def environment(self, **more: str) -> dict[str, str]:
        kept = {name: value for name, value in os.environ.items() if not name.startswith(("WANDB_", "RUNTWICE_"))}
        own = {f"WANDB_{name}": str(self.folder / name.lower()) for name in ("DIR", "CACHE_DIR", "CONFIG_DIR", "DATA_DIR", "ARTIFACT_DIR")}
        for path in own.values():
            Path(path).mkdir(parents=True, exist_ok=True)
        return {**kept, **own, "HOME": str(self.folder), "WANDB_BASE_URL": self.url, "WANDB_API_KEY": self.key, "WANDB_SILENT": "true", **more}

    def run(self, script: str, *arguments: str, code: int = 0, **environment: str) -> Any:
        """What the script printed as its last line, as JSON; of one that has to end with another exit code than 0, all that it printed."""
        command = [self.python, "-c", script, *arguments]
        done = subprocess.run(command, cwd=self.folder, env=self.environment(**environment), capture_output=True, text=True, timeout=LONGEST_S)
        assert done.returncode == code, done.stdout[-3000:] + done.stderr[-3000:]
        if code:
            return done.stdout + done.stderr
        return json.loads(done.stdout.strip().splitlines()[-1])
