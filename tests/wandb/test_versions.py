"""Older and newer versions of the wandb SDK, each in an environment of its own: what `make test` asks of the newest, in short, of all."""

from pathlib import Path

import pytest
from sdk import Sdk
from sdks import VERSIONS, NotInstalled, python_with
from service import Service

WALK = """
import json
import sys
import wandb

project = sys.argv[1]
with wandb.init(project=project, id="walked00", config={"lr": 0.1}) as run:
    run.log({"loss": 1})
    run.log({"loss": 2, "nested": {"x": 1}})
with wandb.init(project=project, id="walked00", resume="must") as run:
    run.log({"loss": 3})
seen = wandb.Api().run(f"{project}/walked00")
rows = [row["loss"] for row in seen.scan_history()]
print(json.dumps({"version": wandb.__version__, "state": seen.state, "rows": rows, "config": dict(seen.config), "last": seen.summary["loss"]}))
"""


@pytest.mark.proof
@pytest.mark.parametrize("version", VERSIONS)
def test_logs_resumes_and_reads_back(version: str, wandb_service: Service, tmp_path: Path) -> None:
    try:
        python = python_with(version)
    except NotInstalled as reason:
        pytest.skip(str(reason))

    told = Sdk(tmp_path, f"http://127.0.0.1:{wandb_service.port}", wandb_service.key, str(python)).run(WALK, f"matrix-{version.replace('.', '-')}")

    assert told == {"version": version, "state": "finished", "rows": [1, 2, 3], "config": {"lr": 0.1}, "last": 3}
