"""Trains configs, each in a fresh process forked from one that has loaded torch and touched no tensor.

python tests/trainer/forked.py < CONFIGS

Reads a config a line, and for each prints a line: {"events": what the run told, "peak_bytes": the most memory its process held}.
"""

import json
import os
import sys
import tempfile
from pathlib import Path
from typing import Any

from trainer.config import RunConfig
from trainer.events import Event, encode
from trainer.preload import preload


def train_in_a_fork(config: RunConfig, folder: Path) -> dict[str, Any]:
    """The events of the run, as lines, and the peak of its process's resident memory."""
    told = folder / "events"
    child = os.fork()
    if child == 0:
        try:
            from trainer.job import run

            with told.open("w") as file:

                def emit(event: Event) -> None:
                    file.write(encode(event) + "\n")

                run(config, folder, emit)
        finally:
            os._exit(0)
    _, _, used = os.wait4(child, 0)
    return {"events": told.read_text().splitlines(), "peak_bytes": used.ru_maxrss * 1024}


if __name__ == "__main__":
    preload()
    for line in sys.stdin:
        with tempfile.TemporaryDirectory() as folder:
            print(json.dumps(train_in_a_fork(RunConfig.model_validate_json(line), Path(folder))), flush=True)
