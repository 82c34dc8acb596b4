"""What the unmodified wandb SDK logs is what the store holds."""

import http.client
import json
import math
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from sdk import Sdk
from servers import wait_until
from service import Service

from store import console, history, streamed
from store.tables import Run

LOG = """
import sys, math, numpy as np, wandb
run = wandb.init(project="streams", id="exact", config={"lr": 0.1}, settings=wandb.Settings(console="wrap", x_stats_sampling_interval=0.5))
run.define_metric("m", summary="min")
run.define_metric("acc", summary="max")
run.log({"a": 1, "b": 2.5, "n": {"x": 1, "y": {"z": 2}}})
run.log({"big": 2**53 + 1, "neg": -5, "nan": float("nan"), "inf": math.inf, "ninf": -math.inf})
run.log({"s": "text", "t": True, "none": None, "l": [1, 2, 3], "np": np.float32(0.1), "h": wandb.Histogram([1, 2, 3])})
run.log({"m": 3, "acc": 0.5})
run.log({"m": 1, "acc": 0.9}, step=100, commit=True)
run.log({"m": 2, "acc": 0.1})
run.log({"m": 7}, step=102, commit=False)
run.log({"m2": 8}, step=102)
run.summary["x"] = {"y": 2**53 + 1}
run.summary["best"] = "epoch 3"
print("hello")
print("trouble", file=sys.stderr)
for n in range(5):
    print(f"\\rdone {n}", end="", flush=True)
print()
run.finish(exit_code=3)
print("null")
"""

SHARED = """
import sys, wandb
name = sys.argv[1]
settings = wandb.Settings(mode="shared", x_label=name, x_primary=name == "first", x_update_finish_state=name == "first", console="off")
run = wandb.init(project="streams", id="shared", settings=settings)
for n in range(50):
    run.log({f"loss/{name}": n, "both": n})
run.finish()
print("null")
"""


class TestSdk:
    def test_log_summary_and_console_are_kept_to_the_last_digit(self, wandb_service: Service, sdk: Sdk) -> None:
        sdk.run(LOG)

        with wandb_service.database.read() as session:
            run = session.query(Run).filter(Run.external_id == "exact").one()
            rows = history.rows(session, run.id)
            summary = streamed.summary(session, run.id) or {}
            told = [line for _, line in console.read(session, run.id)]
            events = history.events(session, run.id)
        assert (run.state, run.reason, run.config) == ("failed", "The process ended with exit code 3.", {"lr": 0.1})
        assert [row["_step"] for row in rows] == [0, 1, 2, 3, 100, 101, 102]
        assert all(row["_timestamp"] > 1.7e9 and row["_runtime"] >= 0 for row in rows)
        plain = [{key: value for key, value in row.items() if not key.startswith("_")} for row in rows]
        assert plain[0] == {"a": 1, "b": 2.5, "n.x": 1, "n.y.z": 2}
        assert math.isnan(plain[1].pop("nan"))
        assert plain[1] == {"big": 2**53 + 1, "neg": -5, "inf": math.inf, "ninf": -math.inf}
        assert plain[2].pop("h")["_type"] == "histogram"
        assert {key: plain[2].get(key) for key in ("s", "t", "none", "l")} == {"s": "text", "t": True, "none": None, "l": [1, 2, 3]}
        assert plain[3:] == [{"m": 3, "acc": 0.5}, {"m": 1, "acc": 0.9}, {"m": 2, "acc": 0.1}, {"m": 7, "m2": 8}]
        assert (summary["m"], summary["acc"], summary["x"], summary["best"]) == ({"min": 1}, {"max": 0.9}, {"y": 2**53 + 1}, "epoch 3")
        assert [line.text for line in told] == ["hello", "trouble", "done 4"]
        assert [line.level for line in told] == ["", "error", ""]
        assert any(key.startswith("system.") for key in events[0])
        shown = wandb_service.run(run.id)["metrics"]
        assert shown["m"]["last"] == 7
        assert json.dumps(shown["nan"]["last"]) == '"NaN"'

    def test_processes_that_share_a_run_lose_no_row(self, wandb_service: Service, tmp_path: Path) -> None:
        def log(name: str) -> None:
            Sdk(tmp_path / name, f"http://127.0.0.1:{wandb_service.port}", wandb_service.key).run(SHARED, name)

        with ThreadPoolExecutor() as both:
            list(both.map(log, ("first", "second")))

        with wandb_service.database.read() as session:
            run = session.query(Run).filter(Run.external_id == "shared").one()
            rows = history.rows(session, run.id)
        for name in ("first", "second"):
            assert [row[f"loss/{name}"] for row in rows if f"loss/{name}" in row] == list(range(50))
        assert sorted(row["both"] for row in rows) == sorted([*range(50), *range(50)])


class TestKill:
    def test_between_commit_and_answer_doubles_no_row(self, wandb_service: Service) -> None:
        run = wandb_service.client.post("/runs", json={"project": "team/streams", "origin": "client"}).json()
        path = f"/files/team/streams/{run['external_id']}/file_stream"
        lines = [json.dumps({"_step": step, "a": step, "s": str(step)}) for step in range(200)]
        bodies = [json.dumps({"files": {"wandb-history.jsonl": {"offset": at, "content": lines[at : at + 100]}}}) for at in (0, 100)]
        for at, body in enumerate(bodies):
            unheard = http.client.HTTPConnection("127.0.0.1", wandb_service.port, timeout=30)
            unheard.request("POST", path, body, {"Authorization": f"Bearer {wandb_service.key}"})
            wait_until(lambda at=at: self.count(wandb_service, run["id"]) == 100 * (at + 1), 30.0, "the commit")
            wandb_service.kill("api")
            unheard.close()

            wandb_service.start_api()
            for sent in bodies[: at + 1]:
                wandb_service.client.post(f"{wandb_service.client.base_url.copy_with(path=path)}", content=sent).raise_for_status()

        with wandb_service.database.read() as session:
            rows = history.rows(session, run["id"])
        assert [(row["_step"], row["a"], row["s"]) for row in rows] == [(step, step, str(step)) for step in range(200)]
        assert wandb_service.run(run["id"])["metrics"]["a"]["count"] == 200

    @staticmethod
    def count(service: Service, run_id: str) -> int:
        with service.database.read() as session:
            return streamed.count_lines(session, run_id, streamed.HISTORY)
