"""Sweeps and alerts with the real wandb SDK: the service chooses what its agents run. (Being told to end: test_sweep_cli.py.)"""

from sdk import Sdk
from service import Service

SWEEPS = '''
import json
import wandb
from wandb.agents import pyagent
from wandb.apis.public.sweeps import Sweep

pyagent.Agent.HEARTBEAT_SLEEP_SECONDS = 0.2
out = {}

def search(name, config, losses, count=None):
    given = []

    def train():
        with wandb.init() as run:
            given.append(dict(run.config))
            for loss in losses(run.config):
                run.log({"loss": loss})

    sweep_id = wandb.sweep(config, project=f"sweep-{name}", prior_runs=[prior])
    wandb.agent(sweep_id, function=train, project=f"sweep-{name}", count=count)
    seen = wandb.Api().sweep(f"sweep-{name}/{sweep_id}")
    out[name] = {
        "id": sweep_id, "given": given, "state": seen.state, "runs": sorted(run.sweep_name for run in seen.runs), "expected": seen.expected_run_count,
        "method": seen.config["method"], "best": seen._attrs["bestLoss"], "best_run": dict(seen.best_run().config),
        "agents": len(seen.agents()), "listed": [each.id for each in wandb.Api().project(f"sweep-{name}").sweeps()],
        "filtered": [len(list(wandb.Api().project(f"sweep-{name}").sweeps(filters=each))) for each in ({"name": sweep_id}, {"state": "PAUSED"})],
    }

with wandb.init(project="sweep-grid") as run:
    prior = run.id
metric = {"name": "loss", "goal": "minimize"}
nested = {"a": {"values": [1, 2]}, "optimizer": {"parameters": {"lr": {"values": [0.1, 0.2]}}}}
search("grid", {"method": "grid", "metric": metric, "parameters": nested}, lambda config: [config["a"] + config["optimizer"]["lr"]], count=4)
law = {"lr": {"distribution": "log_uniform_values", "min": 1e-4, "max": 1e-1}, "width": {"min": 1, "max": 64}}
search("random", {"method": "random", "metric": metric, "run_cap": 2, "parameters": law}, lambda config: [config["lr"]], count=2)
search("bayes", {"method": "bayes", "metric": metric, "parameters": law}, lambda config: [config["lr"]], count=2)
query = """query Sweep($project: String, $entity: String, $name: String!) { project(name: $project, entityName: $entity) { sweep(sweepName: $name) {
    id name state runCountExpected bestLoss config priorRuns { edges { node { name } } } } } }"""
grid = Sweep.get(wandb.Api(), "team", "sweep-grid", out["grid"]["id"], query=query)
out["grid"]["prior"] = [edge["node"]["name"] for edge in grid._attrs["priorRuns"]["edges"]]
print(json.dumps(out))
'''

ALERT = """
import json
import wandb

with wandb.init(project="alerts", id="alerting") as run:
    run.alert("Loss is high", "at step 3", level=wandb.AlertLevel.WARN, wait_duration=60)
    run.alert("Loss is high", "at step 4", wait_duration=60)
print(json.dumps("done"))
"""


class TestSweeps:
    def test_agents_run_what_the_service_chooses(self, sdk: Sdk) -> None:
        told = sdk.run(SWEEPS)

        grid = told["grid"]
        assert len(grid["prior"]) == 1
        wanted = [{"a": a, "optimizer": {"lr": lr}} for a in (1, 2) for lr in (0.1, 0.2)]
        assert sorted(map(str, grid["given"])) == sorted(map(str, wanted))
        assert (grid["state"], grid["expected"], grid["method"], grid["best"], grid["agents"]) == ("FINISHED", 4, "grid", 1.1, 1)
        assert grid["best_run"] == {"a": 1, "optimizer": {"lr": 0.1}}
        for name, count in (("grid", 4), ("random", 2), ("bayes", 2)):
            assert told[name]["runs"] == [told[name]["id"]] * count
            assert told[name]["listed"] == [told[name]["id"]]
            assert told[name]["filtered"] == [1, 0]
        for given in told["random"]["given"] + told["bayes"]["given"]:
            assert 1e-4 <= given["lr"] <= 1e-1
            assert given["width"] in range(1, 65)
        assert (told["random"]["state"], told["bayes"]["state"], told["bayes"]["expected"]) == ("FINISHED", "RUNNING", None)


class TestAlerts:
    def test_are_kept_with_the_run_and_wait_as_asked(self, sdk: Sdk, wandb_service: Service) -> None:
        sdk.run(ALERT)

        [run] = wandb_service.client.get("/runs", params={"filter": "external_id = 'alerting'"}).json()["items"]
        raised = wandb_service.client.get(f"/runs/{run['id']}/alerts").json()["items"]
        assert [(each["title"], each["text"], each["level"]) for each in raised] == [("Loss is high", "at step 3", "WARN")]
