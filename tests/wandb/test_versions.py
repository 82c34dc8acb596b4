"""Older and newer versions of the wandb SDK, each in an environment of its own: what `make test` asks of the newest, in short, of all."""

from pathlib import Path

import pytest
from sdk import Sdk
from sdks import VERSIONS, NotInstalled, python_with
from service import Service

WALK = """
import json
import os
import subprocess
import sys
import wandb

project = sys.argv[1]

def artifact(name, text):
    made = wandb.Artifact(name, type="dataset")
    with made.new_file("a.txt") as file:
        file.write(text)
    return made

with wandb.init(project=project, id="walked00", config={"lr": 0.1}) as run:
    run.log({"loss": 1})
    run.log({"loss": 2, "nested": {"x": 1}})
    run.log_artifact(artifact("set", "one")).wait()
with wandb.init(project=project, id="walked00", resume="must") as run:
    run.log({"loss": 3})
    run.use_artifact("set:latest").download()
with wandb.init(project=project, id="offline0", mode="offline") as run:
    run.log({"loss": 4, "table": wandb.Table(columns=["a"], data=[[1]])})
    run.log_artifact(artifact("away", "two"))
subprocess.run([sys.executable, "-m", "wandb", "sync", os.path.dirname(run.dir)], check=True, capture_output=True, timeout=100)

api = wandb.Api()
seen, away = api.run(f"{project}/walked00"), api.run(f"{project}/offline0")
away.log_artifact(api.artifact(f"{project}/set:v0"))
print(json.dumps({
    "version": wandb.__version__, "state": seen.state, "rows": [row["loss"] for row in seen.scan_history()], "config": dict(seen.config),
    "last": seen.summary["loss"], "paged": [row["loss"] for row in seen.scan_history(keys=["loss"], page_size=2)],
    "part": [row["loss"] for row in seen.scan_history(keys=["loss"], page_size=5, min_step=1, max_step=2)],
    "collections": [[each.name, each.description] for each in api.artifact_collections(project, "dataset")],
    "used": [each.name for each in seen.used_artifacts()], "away": sorted(each.type for each in away.logged_artifacts()),
}))
"""


@pytest.mark.proof
@pytest.mark.parametrize("version", VERSIONS)
def test_logs_resumes_syncs_and_reads_back(version: str, wandb_service: Service, tmp_path: Path) -> None:
    try:
        python = python_with(version)
    except NotInstalled as reason:
        pytest.skip(str(reason))

    told = Sdk(tmp_path, f"http://127.0.0.1:{wandb_service.port}", wandb_service.key, str(python)).run(WALK, f"matrix-{version.replace('.', '-')}")

    read = {"state": "finished", "rows": [1, 2, 3], "config": {"lr": 0.1}, "last": 3, "paged": [1, 2, 3], "part": [2]}
    artifacts = {"collections": [["away", None], ["set", None]], "used": ["set:v0"], "away": ["dataset", "run_table"]}
    assert told == {"version": version, **read, **artifacts}
