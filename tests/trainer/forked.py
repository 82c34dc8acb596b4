"""Trains configs, each in a fresh process forked from one that has loaded torch and touched no tensor.

python tests/trainer/forked.py < CONFIGS

Reads a config a line, and for each prints a line: the list of the run's events.
"""

import json
import os
import sys
import tempfile
from pathlib import Path

from trainer.config import RunConfig
from trainer.events import Event, encode
from trainer.preload import preload


def train_in_a_fork(config: RunConfig, folder: Path) -> list[str]:
    """The events of the run, as lines."""
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
    os.waitpid(child, 0)
    return told.read_text().splitlines()


if __name__ == "__main__":
    preload()
    for line in sys.stdin:
        with tempfile.TemporaryDirectory() as folder:
            print(json.dumps(train_in_a_fork(RunConfig.model_validate_json(line), Path(folder))), flush=True)
