"""`wandb sweep` and `wandb agent`, the commands, as they are typed; only the agent's poll of 5 s is shorter."""

import json
import os
import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from sdk import LONGEST_S, Sdk
from servers import wait_until
from service import Service

COMMAND = "from wandb import wandb_agent; wandb_agent.Agent.POLL_INTERVAL = 0.3; from wandb.cli.cli import cli; cli()"
CONFIG = """
program: train.py
method: grid
metric: {name: loss, goal: minimize}
parameters:
  lr: {values: [0.1, 0.2]}
"""
TRAIN = """
import argparse, os, time, wandb

parser = argparse.ArgumentParser()
parser.add_argument("--lr", type=float)
lr = parser.parse_args().lr
with wandb.init() as run:
    run.log({"loss": lr})
    while "STAYS" in os.environ:
        time.sleep(0.1)
"""
STATES = """
import json, sys
import wandb
from wandb.cli.cli import cli

def after(flag):
    cli(["sweep", flag, sys.argv[1]], standalone_mode=False)
    return wandb.Api().sweep(sys.argv[1]).state

print(json.dumps([after(flag) for flag in ("--pause", "--resume", "--stop", "--resume", "--cancel")]))
"""


@pytest.fixture
def folder(sdk: Sdk) -> Path:
    (sdk.folder / "sweep.yaml").write_text(CONFIG)
    (sdk.folder / "train.py").write_text(TRAIN)
    return sdk.folder


def started(sdk: Sdk, *words: str, **environment: str) -> subprocess.Popen[str]:
    path = f"{Path(sys.executable).parent}:{os.environ['PATH']}"  # the agent starts `python`
    environment = sdk.environment(WANDB_SILENT="false", PATH=path, **environment)
    command = [sys.executable, "-c", COMMAND, *words]
    return subprocess.Popen(command, cwd=sdk.folder, env=environment, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)


def said(process: subprocess.Popen[str]) -> str:
    text, _ = process.communicate(timeout=LONGEST_S)
    assert process.returncode == 0, text
    return text


def made(sdk: Sdk, project: str) -> str:
    """The path that `wandb sweep` says to start the agent with."""
    found = re.search(r"wandb agent (\S+)", said(started(sdk, "sweep", "--project", project, "sweep.yaml")))
    assert found
    return found[1]


def shown(service: Service, path: str) -> dict[str, Any]:
    entity, project, name = path.split("/")
    items = service.client.get(f"/projects/{entity}/{project}/sweeps").json()["items"]
    return dict(service.client.get(f"/sweeps/{next(item['id'] for item in items if item['external_id'] == name)}").json())


@pytest.mark.usefixtures("folder")
class TestCommands:
    def test_an_agent_runs_the_points_of_a_file_and_ends_when_all_are_done(self, wandb_service: Service, sdk: Sdk) -> None:
        path = made(sdk, "typed")

        first = said(started(sdk, "agent", "--count", "1", path))
        between = shown(wandb_service, path)
        said(started(sdk, "agent", path))

        after = shown(wandb_service, path)
        assert "--lr=0.1" in first
        assert "--lr=0.2" not in first
        assert (between["state"], between["runs"]["finished"]) == ("running", 1)
        assert (after["state"], after["runs"]["finished"], after["best_value"]) == ("finished", 2, 0.1)
        assert [point["values"] for point in after["points"]] == [{"lr": 0.1}, {"lr": 0.2}]

    def test_flags_set_the_state(self, wandb_service: Service, sdk: Sdk) -> None:
        path = made(sdk, "flags")

        assert sdk.run(STATES, path) == ["PAUSED", "RUNNING", "FINISHED", "RUNNING", "CANCELED"]
        assert shown(wandb_service, path)["state"] == "cancelled"

    def test_an_agent_waits_while_a_sweep_is_paused_and_kills_its_script_when_it_is_cancelled(self, wandb_service: Service, sdk: Sdk) -> None:
        path = made(sdk, "waits")
        sweep_id = shown(wandb_service, path)["id"]
        wandb_service.client.post(f"/sweeps/{sweep_id}/pause")
        agent = started(sdk, "agent", path, STAYS="yes")
        wait_until(lambda: shown(wandb_service, path)["agents"], 60, "an agent")
        paused = shown(wandb_service, path)

        wandb_service.client.post(f"/sweeps/{sweep_id}/resume")
        wait_until(lambda: shown(wandb_service, path)["runs"]["running"], 60, "a run")
        wandb_service.client.post(f"/sweeps/{sweep_id}/cancel")

        assert "exit" in said(agent)
        assert (paused["state"], paused["points"]) == ("paused", [])
        assert json.dumps(shown(wandb_service, path)["points"]).count('"lr"') == 1
