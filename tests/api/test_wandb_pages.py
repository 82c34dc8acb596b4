"""Pages of runs that the real wandb.Api reads: as many statements for thirty runs as for three, and words for what it may not or cannot."""

import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from sdk import Sdk
from sqlalchemy import event

from api.wandb.resolvers import absent

UPSERT = "mutation M($i: UpsertBucketInput!) {upsertBucket(input: $i) {bucket {name}}}"
LISTS = """
import json, sys, wandb
runs = wandb.Api().runs(sys.argv[1], lazy=sys.argv[2] == "lazy", per_page=50, include_sweeps=False)
told = [[run.name, run.state, run.tags, run.user.username != ""] for run in runs]
if sys.argv[2] == "whole":
    for run, each in zip(runs, told):
        keys = run.history_keys
        each += [run.config["n"], run.summary["loss"], keys["keys"]["loss"], keys["lastStep"], run.system_metrics["system.cpu"]]
print(json.dumps(told))
"""
MISTAKES = """
import json, sys, wandb
def told(act):
    try:
        act()
    except Exception as error:
        return f"{type(error).__name__}: {error}"
    return "nothing was wrong"
api = wandb.Api()
project = sys.argv[1]
out = {
    "operator": told(lambda: list(api.runs(project, filters={"config.lr": {"$near": 1}}))),
    "key": told(lambda: list(api.runs(project, filters={"colour": "red"}))),
    "order": told(lambda: list(api.runs(project, order="+colour"))),
    "pattern": told(lambda: list(api.runs(project, filters={"display_name": {"$regex": "("}}))),
    "project": told(lambda: list(api.runs("nowhere"))),
    "run": told(lambda: api.run(f"{project}/nobody")),
    "sweep": told(lambda: api.sweep(f"{project}/nobody")),
    "artifact": told(lambda: api.artifact(f"{project}/nothing:latest")),
    "create_user": told(lambda: api.create_user("new@example.com")),
}
print(json.dumps(out))
"""
FORBIDDEN = """
import json, sys, wandb
def told(act):
    try:
        act()
    except Exception as error:
        return f"{type(error).__name__}: {error}"
    return "nothing was wrong"
def edit():
    run.notes = "mine"
    run.update()
api = wandb.Api()
run = api.run(f"{sys.argv[1]}/run0")
acts = {
    "edit": edit,
    "delete": run.delete,
    "stop": run.stop,
    "create_project": lambda: api.create_project("mine", "team"),
    "sweep": lambda: wandb.sweep({"method": "grid", "parameters": {"a": {"values": [1]}}}, project=sys.argv[1]),
    "init": lambda: wandb.init(project=sys.argv[1]),
}
print(json.dumps({name: told(act) for name, act in acts.items()}))
"""


def log(api: Any, project: str, number: int) -> None:
    """A run as the SDK logs it, in two chunks, with what its machine did."""
    auth, name = ("api", api.key("member")), f"run{number}"
    config = {"n": {"value": number}, "_wandb": {"value": {"t": {}}}}
    asked = {"name": name, "modelName": project, "entityName": "team", "host": "here", "config": json.dumps(config), "tags": ["a"]}
    with api.client() as client:
        client.post(f"{api.origin}/graphql", json={"query": UPSERT, "variables": {"i": asked}}, auth=auth).raise_for_status()
        for offset in (0, 2):
            lines = [json.dumps({"_step": step, "loss": step / 4, "word": "x"}) for step in (offset, offset + 1)]
            files = {
                "wandb-history.jsonl": {"offset": offset, "content": lines},
                "wandb-events.jsonl": {"offset": offset, "content": ['{"_timestamp": 1.0, "system.cpu": 7.5}'] * 2},
                "wandb-summary.json": {"offset": 0, "content": ['{"loss": 0.75}']},
            }
            client.post(f"{api.origin}/files/team/{project}/{name}/file_stream", json={"files": files}, auth=auth).raise_for_status()


@contextmanager
def statements(api: Any) -> Iterator[list[str]]:
    """The statements that requests send to the database meanwhile, as SQLite hears them; but not those that look up who asks."""
    engine, heard = api.app.state.parts.db.engine, []

    def hear(text: str) -> None:
        if threading.current_thread().name.startswith("AnyIO") and text.lstrip()[:6] == "SELECT" and "keys.digest =" not in text:
            heard.append(text)

    def listen(connection: Any, *_: Any) -> None:
        connection.set_trace_callback(hear)

    def leave(connection: Any, *_: Any) -> None:
        connection.set_trace_callback(None)

    event.listen(engine, "checkout", listen)
    event.listen(engine, "checkin", leave)
    yield heard
    event.remove(engine, "checkout", listen)
    event.remove(engine, "checkin", leave)


@pytest.fixture
def sdk(sqlite_api: Any, tmp_path: Path) -> Sdk:
    pytest.importorskip("wandb")
    return Sdk(tmp_path, sqlite_api.origin, sqlite_api.key("member"))


class TestPages:
    @pytest.mark.parametrize(("how", "most"), [pytest.param("lazy", 20, id="lazy"), pytest.param("whole", 40, id="whole")])
    def test_cost_as_many_statements_for_thirty_runs_as_for_three(self, sqlite_api: Any, sdk: Sdk, how: str, most: int) -> None:
        counts = []
        for number in (3, 30):
            project = f"pages-{how}-{number}"
            for each in range(number):
                log(sqlite_api, project, each)
            sdk.run(LISTS, project, how)  # whatever is read once only

            with statements(sqlite_api) as heard:
                told = sdk.run(LISTS, project, how)

            assert len(told) == number
            counts.append(len(heard))
            if how == "whole":
                keys = {"typeCounts": [{"type": "number", "count": 4}], "monotonic": False, "previousValue": 0.75}
                assert [each[4:] for each in told] == [[place, 0.75, keys, 3, 7.5] for place in range(number)]
        assert 0 < counts[0] == counts[1] <= most


class TestMistakes:
    def test_are_told_in_words_that_a_person_understands(self, sqlite_api: Any, sdk: Sdk) -> None:
        log(sqlite_api, "mistakes", 0)

        told = sdk.run(MISTAKES, "mistakes")

        assert "The operator '$near' of 'config.lr' is not understood" in told["operator"]
        assert "colour" in told["key"]
        assert "display_name" in told["key"], "it says what is accepted"
        assert "colour" in told["order"]
        assert "display_name" in told["pattern"]
        assert "Could not find project nowhere" in told["project"]
        assert "Could not find run" in told["run"]
        assert "nobody" in told["sweep"]
        assert "nothing" in told["artifact"]
        assert "runtwice keys create" in told["create_user"]

    def test_what_a_viewer_may_not_is_told_with_the_role_it_takes(self, sqlite_api: Any, tmp_path: Path) -> None:
        log(sqlite_api, "forbidden", 0)
        viewer = Sdk(tmp_path, sqlite_api.origin, sqlite_api.key("viewer"))

        told = viewer.run(FORBIDDEN, "forbidden")

        assert {name: "needs the role member" in words for name, words in told.items()} == dict.fromkeys(told, True), told

    @pytest.mark.parametrize("name", sorted(absent.REFUSED))
    def test_what_there_is_not_is_refused_in_words_and_not_left_out(self, sqlite_api: Any, name: str) -> None:
        asked = f"mutation M($a: String, $b: NewKind) {{result: {name}(input: {{one: $a, two: $b, three: [1]}}) {{success entity {{id}}}}}}"

        answer = sqlite_api.admin.post("/graphql", json={"query": asked, "variables": {"a": "x", "b": {"c": 1}}})

        (error,) = answer.json()["errors"]
        assert (answer.status_code, error["message"]) == (200, absent.REFUSED[name])
