"""Train one config in this process and print its events, one JSON object a line.

python -m trainer CONFIG [--out FOLDER] [--threads N] [--datasets FOLDER] [--checkpoints FOLDER]
"""

import argparse
import json
import os
import sys
from pathlib import Path

from pydantic import ValidationError

from trainer import catalog
from trainer.config import RunConfig
from trainer.events import encode

REFUSED = 2


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m trainer", description="Train one config and print its events, one JSON object a line.")
    parser.add_argument("config", type=Path, help="a JSON or YAML file")
    parser.add_argument("--out", type=Path, default=Path("out"), help="folder for best.safetensors and final.safetensors (default: out)")
    parser.add_argument("--threads", type=int, default=0, help="CPU threads; overrides the config's")
    parser.add_argument("--checkpoints", type=Path, help="write checkpoints to this folder, and go on from the newest good one there")
    parser.add_argument("--datasets", type=Path, help="folder with NAME.npz of data sets that configs may name; they are decoded to its .decoded")
    asked = parser.parse_args()
    try:
        if asked.datasets:
            from trainer import shelf

            catalog.make_known(shelf.put_up(asked.datasets))
        config = RunConfig.model_validate(read(asked.config))
    except ValidationError as refused:
        for error in refused.errors(include_url=False):
            print(f"{asked.config}: /{'/'.join(str(each) for each in error['loc'])}: {error['msg']}", file=sys.stderr)  # noqa: T201
        return REFUSED
    except (OSError, ValueError, RecursionError) as error:
        print(f"{asked.config}: {error}", file=sys.stderr)  # noqa: T201
        return REFUSED

    events = os.fdopen(os.dup(1), "w", encoding="utf-8", buffering=1)
    os.dup2(2, 1)  # what anything else prints must not lie between the events
    from trainer.checkpoint import CheckpointFolder
    from trainer.job import Checkpoints, run

    folder = CheckpointFolder(asked.checkpoints) if asked.checkpoints else None
    checkpoints = Checkpoints(folder, folder.files()) if folder else None
    code = run(config, asked.out, lambda event: print(encode(event), file=events, flush=True), asked.threads, checkpoints)
    if folder is not None:
        folder.clear()  # the run has ended, and goes on from nowhere
    return code


def read(file: Path) -> object:
    """The content of a config file. ValueError when it is neither JSON nor YAML."""
    if file.suffix in (".yaml", ".yml"):
        import yaml

        try:
            return yaml.safe_load(file.read_text(encoding="utf-8"))
        except yaml.YAMLError as error:
            raise ValueError(f"not YAML: {error}") from error
    return json.loads(file.read_text(encoding="utf-8"))


if __name__ == "__main__":
    sys.exit(main())
