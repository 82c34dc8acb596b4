"""What `wandb.init`, `log` and `finish` of the real SDK leave on the service, as the REST interface shows it."""

from typing import Any

import httpx
import pytest
from sdk import Sdk
from servers import NO_TLS
from service import Service

FIRST = """
import json, math, wandb
run = wandb.init(project="PROJECT", config={"lr": 0.1, "nest": {"a": [1, 2]}}, group="g", job_type="train", tags=["x"], notes="hello", name="first")
for i in range(20):
    run.log({"loss": 1 / (i + 1), "nest": {"x": i}, "big": 2**53 + 1, "flag": i % 2 == 0, "words": f"step {i}"}, commit=False)
    run.log({"odd": math.nan if i == 3 else 1.5, "up": math.inf})
run.log({"weights": wandb.Histogram([1, 2, 3])})
run.config.update({"lr": 0.2}, allow_val_change=True)
run.summary["best"] = 0.5
print("to the console")
run.finish()
print(json.dumps(run.id))
"""
RESUMED = """
import json, sys, wandb
run = wandb.init(project="PROJECT", id=sys.argv[1], resume=sys.argv[2])
run.log({"loss": 0.01})
print(json.dumps([run.step, run.resumed, run.config.as_dict().get("lr")]))
run.finish()
"""
SHORT = """
import json, sys, wandb
run = wandb.init(project="PROJECT", id=sys.argv[1], config={"try": sys.argv[2]})
for i in range(3):
    run.log({"value": i})
run.finish()
print(json.dumps(run.id))
"""
BRANCHES = """
import json, wandb
def log(values, **how):
    run = wandb.init(project="PROJECT", **how)
    for value in values:
        run.log({"x": value})
    run.finish()
log(range(10), id="parent01", config={"a": 1})
log([100, 101], id="child001", fork_from="parent01?_step=4")
log([77], resume_from="parent01?_step=6")
print(json.dumps(None))
"""
OFFLINE = """
import json, os, subprocess, sys, wandb
run = wandb.init(project="PROJECT", id="offline1", mode="offline")
for i in range(5):
    run.log({"y": i})
folder = os.path.dirname(run.dir)
run.finish()
for _ in range(2):
    subprocess.run([sys.executable, "-m", "wandb", "sync", "--include-synced", folder], check=True, capture_output=True)
print(json.dumps(None))
"""


def shown(service: Service, project: str, external_id: str) -> dict[str, Any]:
    found = service.client.get("/runs", params={"project": f"team/{project}", "filter": f"external_id = '{external_id}'"}).json()["items"]
    assert len(found) == 1
    return service.run(found[0]["id"])


@pytest.fixture(scope="module")
def run(wandb_service: Service, tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    sdk = Sdk(tmp_path_factory.mktemp("sdk"), f"http://127.0.0.1:{wandb_service.port}", wandb_service.key)
    return shown(wandb_service, "logged", sdk.run(FIRST.replace("PROJECT", "logged")))


class TestLogged:
    def test_is_a_run_like_any_other(self, run: dict[str, Any]) -> None:
        assert (run["name"], run["state"], run["origin"], run["tags"], run["notes"]) == ("first", "finished", "client", ["x"], "hello")
        assert (run["group"], run["job_type"]) == ("g", "train")
        assert run["config"] == {"lr": 0.2, "nest": {"a": [1, 2]}}

    def test_keeps_every_number_of_its_history(self, wandb_service: Service, run: dict[str, Any]) -> None:
        held = wandb_service.series(run["id"])

        assert held["loss"] == (list(range(20)), [1 / (i + 1) for i in range(20)])
        assert held["nest.x"] == (list(range(20)), [float(i) for i in range(20)])
        assert held["odd"][1] == [1.5, 1.5, 1.5, "NaN", *[1.5] * 16]
        assert held["up"][1] == ["Infinity"] * 20

    def test_keeps_its_output_and_its_files(self, wandb_service: Service, run: dict[str, Any]) -> None:
        lines = wandb_service.client.get(f"/runs/{run['id']}/log").json()["lines"]
        files = {item["name"] for item in wandb_service.client.get(f"/runs/{run['id']}/artifacts").json()["items"]}

        assert "to the console" in lines
        assert {"config.yaml", "requirements.txt", "wandb-metadata.json", "wandb-summary.json", "output.log"} <= files

    def test_counts_the_system_apart(self, run: dict[str, Any]) -> None:
        assert any(metric.startswith("system/") for metric in run["metrics"])
        assert run["refused_points"] == 0


class TestAgain:
    def test_a_resumed_run_goes_on_behind_its_last_step(self, wandb_service: Service, sdk: Any) -> None:
        name = sdk.run(SHORT.replace("PROJECT", "resumed"), "again001", "a")

        step, resumed, _ = sdk.run(RESUMED.replace("PROJECT", "resumed"), name, "must")

        run = shown(wandb_service, "resumed", name)
        assert (step, resumed, run["state"]) == (4, True, "finished")
        assert wandb_service.series(run["id"])["loss"] == ([3], [0.01])
        assert wandb_service.series(run["id"])["value"] == ([0, 1, 2], [0.0, 1.0, 2.0])

    def test_a_second_init_of_an_id_overwrites(self, wandb_service: Service, sdk: Any) -> None:
        for attempt in ("a", "b"):
            sdk.run(SHORT.replace("PROJECT", "again"), "again002", attempt)

        run = shown(wandb_service, "again", "again002")
        assert run["config"] == {"try": "b"}
        assert wandb_service.series(run["id"])["value"] == ([0, 1, 2], [0.0, 1.0, 2.0])

    def test_a_fork_begins_with_its_parent_and_a_rewound_run_goes_on_from_a_step(self, wandb_service: Service, sdk: Any) -> None:
        sdk.run(BRANCHES.replace("PROJECT", "branches"))

        child, parent = (shown(wandb_service, "branches", name)["id"] for name in ("child001", "parent01"))
        assert wandb_service.series(child)["x"] == (list(range(7)), [0.0, 1.0, 2.0, 3.0, 4.0, 100.0, 101.0])
        assert wandb_service.series(parent)["x"] == (list(range(8)), [0.0, 1.0, 2.0, 3.0, 4.0, 5.0, 6.0, 77.0])

    def test_an_offline_run_that_is_synchronised_twice_is_there_once(self, wandb_service: Service, sdk: Any) -> None:
        sdk.run(OFFLINE.replace("PROJECT", "offline"))

        run = shown(wandb_service, "offline", "offline1")
        assert (run["state"], wandb_service.series(run["id"])["y"]) == ("finished", (list(range(5)), [0.0, 1.0, 2.0, 3.0, 4.0]))

    def test_what_must_be_there_and_is_not_is_an_error(self, sdk: Any) -> None:
        assert "resume" in sdk.run(RESUMED.replace("PROJECT", "nothing"), "nothere1", "must", code=1)


class TestWithoutAKey:
    @pytest.mark.parametrize("address", ["/graphql", "/files/team/p/r/file_stream"])
    def test_nothing_is_taken(self, wandb_service: Service, address: str) -> None:
        answer = httpx.post(f"http://127.0.0.1:{wandb_service.port}{address}", json={"query": "{viewer{id}}"}, auth=("api", "x" * 43), verify=NO_TLS)

        assert answer.status_code == 401

    def test_a_made_up_address_gives_no_file(self, wandb_service: Service) -> None:
        origin = f"http://127.0.0.1:{wandb_service.port}"
        signed = {"until": "99999999999", "sign": "0" * 64}

        assert httpx.get(f"{origin}/storage/files/abc", params=signed, verify=NO_TLS).status_code == 403
        assert httpx.put(f"{origin}/storage/runs/abc/f", params=signed, content=b"x", verify=NO_TLS).status_code == 403

    def test_what_the_sdk_tells_its_makers_is_let_pass_and_not_kept(self, wandb_service: Service) -> None:
        answer = httpx.post(f"http://127.0.0.1:{wandb_service.port}/sdk/otel/v1/metrics", content=b"\x00", verify=NO_TLS)

        assert (answer.status_code, answer.content) == (200, b"")

    def test_a_viewer_writes_nothing(self, wandb_service: Service, sdk: Any) -> None:
        key = wandb_service.client.post("/keys", json={"name": "looks on", "role": "viewer"}).json()["key"]

        assert "member" in sdk.run(SHORT.replace("PROJECT", "viewed"), "viewed01", "a", code=1, WANDB_API_KEY=key, WANDB_SILENT="false")
