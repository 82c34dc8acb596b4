"""wandb.Api against the service: what the client reads and changes, in one process of its own."""

import json
from typing import Any

import httpx
import pytest
from service import Service

LOGS = """
import math, sys, wandb
for number, name in enumerate(["first", "second", "third"]):
    run = wandb.init(project="reading", id=f"read{number}", name=name, config={"lr": 0.1 * number, "net": {"depth": number}, "a.b": number},
                     group="g", job_type="train", tags=["bn", name], notes=f"note {number}", settings=wandb.Settings(x_disable_stats=True))
    for step in range(20):
        now_and_then = {"text": "a", "val/acc": step} if step % 5 == 0 else {}
        run.log({"loss": 1 / (step + 1) + number, "count": 2**53 + 1, "odd": math.nan if step == 3 else 1.5, **now_and_then})
    run.summary["best"] = {"acc": 0.5 + number}
    print(f"line of {name}")
    run.finish()
print("null")
"""

READS = """
import json, wandb
api = wandb.Api()
out = {}
def names(filters, order="+created_at", **more):
    return [run.name for run in wandb.Api().runs("reading", filters=filters, order=order, **more)]
out["all"] = names({})
out["down"] = names({}, "-summary_metrics.loss")
out["by_config"] = names({}, "-config.lr.value", per_page=1)
out["filtered"] = [
    names({"config.lr": {"$gt": 0.05}}), names({"config.net.depth.value": 1}) , names({"config.net.value.depth": 1}), names({"config.a.b": 2}),
    names({"display_name": {"$regex": "^(f|s)"}}), names({"$or": [{"tags": "third"}, {"name": "read0"}]}),
    names({"summary_metrics.loss": {"$lt": 1}}),
    names({"group": "g", "jobType": "train", "state": "finished", "tags": {"$nin": ["first"]}}), names({"createdAt": {"$gt": "2100-01-01"}}),
]
runs = api.runs("reading", per_page=2)
out["length"] = len(runs)
try:
    names({"config.lr": {"$where": 1}})
except Exception as error:
    out["bad"] = str(error)
run = api.run("reading/read1")
out["run"] = json.dumps({"config": run.config, "tags": run.tags, "notes": run.notes, "group": run.group, "state": run.state, "job": run.job_type,
              "summary": {key: run.summary._json_dict.get(key) for key in ("loss", "best", "count", "odd")},
              "last": run.lastHistoryStep, "lines": run.historyLineCount,
              "sweep": run.sweep_name, "read_only": run.read_only, "user": run.user.username != "", "entity": run.entity, "id": run.id})
rows = run.history(pandas=False)
out["rows"] = [len(rows), rows[0]["count"], rows[3]["odd"], rows[0]["text"], rows[1].get("text", "none")]
out["few"] = len(run.history(samples=7, pandas=False))
out["keyed"] = run.history(keys=["loss", "val/acc"], pandas=False)
out["x_axis"] = sorted(run.history(keys=["loss"], x_axis="_timestamp", pandas=False)[0])
frame = run.history()
out["frame"] = [len(frame), "loss" in frame]
out["histories"] = len(api.runs("reading").histories(keys=["loss"], samples=5))
scanned = list(run.scan_history(page_size=7))
out["scan"] = [[row["_step"] for row in scanned], scanned[0]["count"]]
out["scan_keys"] = [row["loss"] for row in run.scan_history(keys=["loss"], min_step=5, max_step=8)]
out["keys"] = sorted(run.history_keys["keys"])
out["events"] = run.history(stream="system", pandas=False)
out["console"] = [line.content for line in run.console_logs(per_page=1)][:1]
out["tail"] = len(list(run.console_logs(last=1)))
out["system"] = run.system_metrics
out["metadata"] = run.metadata is not None
out["url"] = run.url
run.config["lr"] = 0.5
run.config["new"] = {"a": [1, 2]}
del run.config["a.b"]
run.summary["best"]["acc"] = 0.9
run.tags.append("later")
run.notes, run.display_name, run.group = "new notes", "renamed", "h"
run.update()
run.summary.update({"more": 1})
del run.summary["count"]
run.summary.update()
changed = wandb.Api().run("reading/read1")
out["changed"] = {"config": changed.config, "tags": changed.tags, "notes": changed.notes, "name": changed.name,
                  "group": changed.group, "state": changed.state,
                  "acc": changed.summary["best"]["acc"], "more": changed.summary["more"], "gone": "count" in changed.summary}
run.wait_until_finished()
run.load(force=True)
for what in ("unknown/read1", "reading/none"):
    try:
        api.run(what)
        out[what] = "found"
    except Exception as error:
        out[what] = f"{type(error).__name__}: {error}"
try:
    list(api.runs("unknown"))
    out["unknown runs"] = "found"
except Exception as error:
    out["unknown runs"] = f"{type(error).__name__}: {error}"
made = api.create_run(project="reading", run_id="made1")
out["made"] = [made.id, made.state, made.config]
made.delete()
api.create_project("brandnew", api.default_entity)
out["projects"] = sorted(project.name for project in api.projects())
out["project"] = api.project("brandnew", api.default_entity).name
out["owner"] = api.project("reading", api.default_entity).owner.username
out["integrations"] = len(list(api.integrations(api.default_entity)))
out["from_path"] = api.from_path("team/reading/read0").name
out["reports"] = len(list(api.reports("reading")))
out["viewer"] = api.viewer.username != ""
wandb.Api().run("reading/read2").delete(delete_artifacts=True)
out["left"] = [run.id for run in wandb.Api().runs("reading")]
plain = wandb.Api().run("plain/rest0001")
out["plain"] = [plain.config, plain.summary._json_dict, plain.history(pandas=False)[1], [row["_step"] for row in plain.scan_history(keys=["loss"])],
                plain.lastHistoryStep, plain.state, plain.system_metrics]
print(json.dumps(out, default=str))
"""


@pytest.fixture(scope="module")
def read(wandb_service: Service, tmp_path_factory: pytest.TempPathFactory, request: pytest.FixtureRequest) -> dict[str, Any]:
    sdk_of = request.getfixturevalue("make_sdk")
    sdk = sdk_of(tmp_path_factory.mktemp("api"))
    sdk.run(LOGS)
    log_by_rest(wandb_service)
    found: dict[str, Any] = sdk.run(READS)
    return found


class TestRuns:
    def test_are_listed_oldest_first_and_in_any_order(self, read) -> None:
        assert read["all"] == ["first", "second", "third"]
        assert read["down"] == read["by_config"] == ["third", "second", "first"]
        assert read["length"] == 3

    def test_are_filtered_as_mongodb_would(self, read) -> None:
        assert read["filtered"] == [
            ["second", "third"],
            ["second"],
            ["second"],
            ["third"],
            ["first", "second"],
            ["first", "third"],
            ["first"],
            ["second", "third"],
            [],
        ]

    def test_a_filter_that_is_not_understood_is_named_with_what_is(self, read) -> None:
        assert "The operator '$where' of 'config.lr' is not understood" in read["bad"]
        assert "$regex" in read["bad"]

    def test_that_are_not_there_are_said_not_to_be(self, read) -> None:
        assert "Could not find run" in read["unknown/read1"]
        assert "Could not find run" in read["reading/none"]
        assert "Could not find project" in read["unknown runs"]

    def test_and_projects_are_made_and_deleted_but_never_by_reading(self, read) -> None:
        assert read["made"] == ["made1", "running", {}]
        assert {"brandnew", "reading"} <= set(read["projects"])
        assert "unknown" not in read["projects"]
        assert read["project"] == "brandnew"
        assert (read["owner"], read["integrations"]) == ("team", 0)
        assert read["left"] == ["read0", "read1"]
        assert read["reports"] == 0


class TestRun:
    def test_is_what_was_logged(self, read) -> None:
        run = json.loads(read["run"])

        assert run["config"] == {"lr": 0.1, "net": {"depth": 1}, "a.b": 1}
        assert run["summary"] == {"loss": 1.05, "best": {"acc": 1.5}, "count": 2**53 + 1, "odd": 1.5}
        assert (run["tags"], run["notes"], run["group"], run["job"]) == (["bn", "second"], "note 1", "g", "train")
        assert (run["state"], run["last"], run["lines"], run["entity"], run["id"]) == ("finished", 19, 20, "team", "read1")
        assert (run["sweep"], run["read_only"], run["user"]) == (None, False, True)
        assert read["from_path"] == "first"
        assert read["url"].endswith("/team/reading/runs/read1")
        assert read["metadata"]
        assert read["viewer"]

    def test_takes_changes(self, read) -> None:
        changed = read["changed"]

        assert changed["config"] == {"lr": 0.5, "net": {"depth": 1}, "new": {"a": [1, 2]}}
        assert changed["tags"] == ["bn", "second", "later"]
        assert (changed["name"], changed["notes"], changed["group"], changed["state"]) == ("renamed", "new notes", "h", "finished")
        assert (changed["acc"], changed["more"], changed["gone"]) == (0.9, 1, False)

    def test_has_its_output(self, read) -> None:
        assert read["console"] == ["line of second"]
        assert read["tail"] == 1


class TestHistory:
    def test_is_exact(self, read) -> None:
        assert read["rows"] == [20, 2**53 + 1, "NaN", "a", "none"]
        assert read["frame"] == [20, True]

    def test_is_sampled_where_there_are_more_rows(self, read) -> None:
        assert read["few"] == 7
        assert read["histories"] == 3 * 5

    def test_of_keys_has_the_rows_that_have_them_all(self, read) -> None:
        assert [row["_step"] for row in read["keyed"]] == [0, 5, 10, 15]
        assert read["keyed"][1] == {"_step": 5, "loss": 1 / 6 + 1, "val/acc": 5}
        assert read["x_axis"] == ["_timestamp", "loss"]

    def test_is_scanned_whole_and_in_part(self, read) -> None:
        assert read["scan"] == [list(range(20)), 2**53 + 1]
        assert read["scan_keys"] == [1 / 6 + 1, 1 / 7 + 1, 1 / 8 + 1]

    @pytest.mark.parametrize(
        ("spec", "steps"),
        [
            pytest.param({"minStep": 2, "maxStep": 4, "samples": 3}, [2, 3, 4], id="as 0.28 and newer page: the last step of the page"),
            pytest.param({"minStep": 2, "maxStep": 4, "samples": 2}, [2, 3], id="as older ones do: the first step of the next page"),
            pytest.param({"minStep": 17, "maxStep": 20, "samples": 1000}, [17, 18, 19], id="an older one's last page"),
            pytest.param({"samples": 500}, list(range(20)), id="no bounds"),
        ],
    )
    def test_pages_of_keys_have_each_step_once(self, read, wandb_service, spec, steps) -> None:
        text = json.dumps(json.dumps({"keys": ["_step", "loss"], **spec}))

        found = ask(
            wandb_service, wandb_service.key, f'{{project(name:"reading",entityName:"team"){{run(name:"read0"){{sampledHistory(specs:[{text}])}}}}}}'
        )

        assert [row["_step"] for row in found["data"]["project"]["run"]["sampledHistory"][0]] == steps

    def test_says_its_keys(self, read) -> None:
        assert read["keys"] == ["_runtime", "_step", "_timestamp", "count", "loss", "odd", "text", "val/acc"]


class TestOtherRuns:
    def test_that_the_sdk_did_not_log_read_alike(self, read) -> None:
        config, summary, row, steps, last, state, _machine = read["plain"]

        assert (config, summary["loss"], last, state) == ({"lr": 0.1}, 0.25, 5, "finished")
        assert (row["_step"], row["loss"], "system/cpu" in row) == (1, "NaN", False)
        assert steps == [0, 1, 5]


class TestScope:
    def test_of_a_key_of_another_entity_ends_at_its_own_runs(self, read, wandb_service) -> None:
        stranger = ask_key(wandb_service, role="member", entity="strangers")

        found = ask(
            wandb_service,
            stranger,
            '{project(name:"reading",entityName:"team"){runs{edges{node{name}}}} models(entityName:"team"){edges{node{name}}}}',
        )

        assert found["data"] == {"project": None, "models": {"edges": []}}

    def test_a_viewer_reads_and_changes_nothing(self, read, wandb_service) -> None:
        viewer = ask_key(wandb_service, role="viewer")
        runs = ask(
            wandb_service, viewer, '{project(name:"reading",entityName:"team"){readOnly runs(first:1){edges{node{id name}} pageInfo{hasNextPage}}}}'
        )
        listed = runs["data"]["project"]

        changed = ask(
            wandb_service,
            viewer,
            'mutation{{updateRunState(input:{{id:"{}",state:"failed"}}){{success}}}}'.format(listed["runs"]["edges"][0]["node"]["id"]),
        )

        assert listed["readOnly"] is True
        assert listed["runs"]["pageInfo"]["hasNextPage"] is True
        assert changed["errors"][0]["extensions"]["status"] == 403


class TestMistakes:
    @pytest.mark.parametrize(
        ("fields", "words"),
        [
            pytest.param('runs(after:"nonsense"){edges{cursor}}', "cursor", id="a cursor"),
            pytest.param('runs(order:"+colour"){edges{cursor}}', "colour", id="an order"),
            pytest.param("runs(last:5){edges{cursor}}", "forwards", id="backwards"),
            pytest.param('run(name:"read0"){sampledHistory(specs:["[1]"])}', "takes JSON", id="a spec that is no object"),
            pytest.param('run(name:"read0"){history(samples:1000000,minStep:0)}', "100,000", id="too many rows"),
        ],
    )
    def test_in_what_is_read_are_told(self, read, wandb_service, fields, words) -> None:
        found = ask(wandb_service, wandb_service.key, f'{{project(name:"reading",entityName:"team"){{{fields}}}}}')

        assert words in found["errors"][0]["message"]


def log_by_rest(service: Service) -> None:
    new = {"origin": "client", "project": "plain", "name": "by REST", "config": {"lr": 0.1}, "external_id": "rest0001"}
    with httpx.Client(base_url=f"http://127.0.0.1:{service.port}/api/v1", headers={"Authorization": f"Bearer {service.key}"}, timeout=30) as http:
        run = http.post("/runs", json=new).raise_for_status().json()["id"]
        points = {"steps": [0, 1, 5], "metrics": {"loss": [1.0, "NaN", 0.25], "system/cpu": [1, 2, 3]}}
        http.post(f"/runs/{run}/points", json=points).raise_for_status()
        http.post(f"/runs/{run}/finish", json={"state": "finished"}).raise_for_status()


def ask_key(service: Service, **of: Any) -> str:
    made = httpx.post(f"http://127.0.0.1:{service.port}/api/v1/keys", json={"name": "k", **of}, headers={"Authorization": f"Bearer {service.key}"})
    return str(made.raise_for_status().json()["key"])


def ask(service: Service, key: str, query: str) -> Any:
    return httpx.post(f"http://127.0.0.1:{service.port}/graphql", json={"query": query}, auth=("api", key), timeout=30).raise_for_status().json()
