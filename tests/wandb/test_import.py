"""Runs that the wandb SDK logged offline, brought in by `runtwice import wandb`."""

import json
import subprocess
import sys
from typing import Any

from sdk import Sdk
from service import Service

OFFLINE = """
import json
import wandb

for number in range(2):
    with wandb.init(project="moved", id=f"offline{number}", mode="offline", config={"lr": 0.1}) as run:
        for step in range(5):
            run.log({"loss": step + number})
print(json.dumps("done"))
"""


def bring_in(sdk: Sdk, *arguments: str, code: int = 0) -> Any:
    environment = sdk.environment(RUNTWICE_URL=sdk.url, RUNTWICE_API_KEY=sdk.key)
    command = [sys.executable, "-m", "cli", "import", "wandb", *arguments, "--json"]
    done = subprocess.run(command, env=environment, capture_output=True, text=True, timeout=120)
    assert done.returncode == code, done.stdout + done.stderr
    return json.loads(done.stdout) if code == 0 else done.stdout + done.stderr


class TestImport:
    def test_twice_brings_in_every_row_once(self, sdk: Sdk, wandb_service: Service) -> None:
        sdk.run(OFFLINE)

        told = [bring_in(sdk, str(sdk.folder)) for _ in range(2)]

        assert [(each["imported"], each["failed"]) for each in told] == [(2, 0), (2, 0)]
        for number in range(2):
            items = wandb_service.client.get("/runs", params={"filter": f"external_id = 'offline{number}'"}).json()["items"]
            [run] = items
            loss = run["metrics"]["loss"]
            assert (run["state"], run["config"], loss["count"], loss["last"]) == ("finished", {"lr": 0.1}, 5, 4 + number)

    def test_a_folder_without_runs_is_named(self, sdk: Sdk) -> None:
        assert "holds no run that wandb logged offline" in bring_in(sdk, str(sdk.folder), code=3)
