"""A second `wandb.init` of an id, without `resume`, overwrites what the first one left, whatever became of it."""

import json
import os
import signal
import subprocess
import sys
from typing import Any

import httpx
import pytest
from sdk import Sdk
from servers import NO_TLS, wait_until
from service import Service

from store import console, history, streamed
from store.tables import Run

FIRST = """
import sys, wandb
run = wandb.init(project="reinit", id=sys.argv[1], config={"try": "first", "old": 1}, settings=wandb.Settings(x_file_stream_transmit_interval=1))
for step in range(40):
    print(f"first {step}")
    run.log({"x": step, "gone": f"word {step}", "pictures": wandb.Histogram([step])})
run.summary["only first"] = 1
print("@", flush=True)
sys.stdin.readline()
run.finish(exit_code=1)
"""
SECOND = """
import json, sys, wandb
run = wandb.init(project="reinit", id=sys.argv[1], config={"try": "second"}, **json.loads(sys.argv[2]))
for step in range(10):
    print(f"second {step}")
    run.log({"x": 100 + step})
run.finish()
print(json.dumps(run.resumed))
"""


def begun(service: Service, sdk: Sdk, external_id: str) -> subprocess.Popen[str]:
    """A script whose 40 rows have arrived, and that goes on."""
    command = [sys.executable, "-c", FIRST, external_id]
    pipes = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE}
    process = subprocess.Popen(command, cwd=sdk.folder, env=sdk.environment(), text=True, start_new_session=True, **pipes)
    assert process.stdout is not None
    assert any(line == "@\n" for line in process.stdout)
    wait_until(lambda: rows(service, external_id) == 40, 60.0, "the first rows")
    return process


def rows(service: Service, external_id: str) -> int:
    with service.database.read() as session:
        run = session.query(Run).filter(Run.external_id == external_id).one_or_none()
        return streamed.count_lines(session, run.id, streamed.HISTORY) if run else 0


def held(service: Service, external_id: str) -> dict[str, Any]:
    with service.database.read() as session:
        run = session.query(Run).filter(Run.external_id == external_id).one()
        lines = [line.text for _, line in console.read(session, run.id)]
        found = [(row["_step"], {key: value for key, value in row.items() if key[0] != "_"}) for row in history.rows(session, run.id)]
        summary = streamed.summary(session, run.id) or {}
    shown = service.run(run.id)
    media = service.client.get(f"/runs/{run.id}/media").json()["items"]
    metrics = sorted(name for name in shown["metrics"] if not name.startswith("system/"))
    return {"shown": shown, "lines": lines, "rows": found, "summary": summary, "media": media, "metrics": metrics}


def assert_is_the_second(service: Service, external_id: str) -> None:
    found = held(service, external_id)
    assert found["rows"] == [(step, {"x": 100 + step}) for step in range(10)]
    assert [line for line in found["lines"] if line.startswith("first")] == []
    assert [line for line in found["lines"] if line.startswith("second")] == [f"second {step}" for step in range(10)]
    assert (found["metrics"], found["media"], "only first" in found["summary"]) == (["x"], [], False)
    shown = found["shown"]
    assert (shown["state"], shown["config"], shown["metrics"]["x"]["count"]) == ("finished", {"try": "second"}, 10)


class TestReinit:
    def test_overwrites_a_run_whose_process_was_just_killed(self, wandb_service: Service, sdk: Sdk) -> None:
        process = begun(wandb_service, sdk, "killed00")
        os.killpg(process.pid, signal.SIGKILL)
        process.communicate()

        assert sdk.run(SECOND, "killed00", "{}") is False

        assert_is_the_second(wandb_service, "killed00")

    def test_overwrites_a_run_that_failed(self, wandb_service: Service, sdk: Sdk) -> None:
        process = begun(wandb_service, sdk, "failed00")
        process.communicate("\n", timeout=60)

        assert sdk.run(SECOND, "failed00", json.dumps({"resume": None})) is False

        assert_is_the_second(wandb_service, "failed00")

    def test_forgets_that_the_run_was_to_stop(self, wandb_service: Service, sdk: Sdk) -> None:
        process = begun(wandb_service, sdk, "tostop00")
        os.killpg(process.pid, signal.SIGKILL)
        process.communicate()
        wandb_service.client.post(f"/runs/{held(wandb_service, 'tostop00')['shown']['id']}/cancel").raise_for_status()

        sdk.run(SECOND, "tostop00", "{}")

        assert_is_the_second(wandb_service, "tostop00")

    def test_goes_on_where_it_is_to_resume(self, wandb_service: Service, sdk: Sdk) -> None:
        process = begun(wandb_service, sdk, "goeson00")
        os.killpg(process.pid, signal.SIGKILL)
        process.communicate()

        assert sdk.run(SECOND, "goeson00", json.dumps({"resume": "allow"})) is True

        found = held(wandb_service, "goeson00")
        assert [(step, row["x"]) for step, row in found["rows"]] == [(step, step if step < 40 else 60 + step) for step in range(50)]
        assert found["shown"]["state"] == "finished"


class TestProtocol:
    """What the SDK sends at the beginning may come twice; of what it sends later nothing clears."""

    @pytest.mark.parametrize(
        ("headers", "fields", "kept"),
        [
            pytest.param({}, {"host": "here", "program": "x.py"}, False, id="another init"),
            pytest.param({}, {"config": "{}"}, True, id="a change of its config"),
            pytest.param({"X-WANDB-USE-ASYNC-FILESTREAM": "true"}, {"host": "here"}, True, id="another process of the same run"),
        ],
    )
    def test_only_another_init_clears(self, wandb_service: Service, headers: dict[str, str], fields: dict[str, str], kept: bool) -> None:
        name = f"clears{kept:d}{len(headers)}"
        asked = "mutation M($input: UpsertBucketInput!) {upsertBucket(input: $input) {bucket {id historyLineCount} inserted}}"
        given = {"modelName": "reinit", "entityName": "team", "name": name}
        origin, auth = f"http://127.0.0.1:{wandb_service.port}", ("api", wandb_service.key)

        def upsert(**more: str) -> dict[str, Any]:
            body = {"query": asked, "variables": {"input": {**given, **more}}}
            return dict(httpx.post(f"{origin}/graphql", json=body, auth=auth, headers=headers, verify=NO_TLS).json()["data"]["upsertBucket"])

        upsert(host="here")
        lines = {"files": {"wandb-history.jsonl": {"offset": 0, "content": ['{"_step": 0, "x": 1}']}}}
        assert httpx.post(f"{origin}/files/team/reinit/{name}/file_stream", json=lines, auth=auth, verify=NO_TLS).status_code == 200

        again = upsert(**fields)

        assert (again["inserted"], again["bucket"]["historyLineCount"]) == (False, int(kept))
