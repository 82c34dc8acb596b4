"""Trackio: its own server, written to over HTTP."""

import json
import sqlite3
import uuid
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from bench.peers import workload
from bench.peers.server import Server, free_port
from bench.peers.tool import Tool, insert, sqlite_bytes
from bench.peers.wire import Request, Wire, post
from bench.peers.workload import Columns, Sizes

PROJECT = "bench"
TOKEN = "bench"
LARGEST_BATCH_OF_RUNS = 64
BEGUN = datetime.fromtimestamp(workload.BEGUN_S, UTC)


class Trackio(Tool):
    name = "trackio"
    title = "Trackio"
    remark = (
        "Trackio has no call that filters runs by a metric and a param and sorts them: its figure is the same query in SQL, through its SQL endpoint."
    )

    def start(self, folder: Path) -> Server:
        port = free_port()
        env = {
            "TRACKIO_DIR": str(folder),
            "GRADIO_SERVER_PORT": str(port),
            "TRACKIO_WRITE_TOKEN": TOKEN,
            "BROWSER": "true",
            "HF_HUB_OFFLINE": "1",
            "HF_HUB_DISABLE_TELEMETRY": "1",
        }
        return Server([self.environment / "bin" / "trackio", "show", "--host", "127.0.0.1"], port, "/version", folder, env)

    def new_run(self, wire: Wire, name: str) -> str:
        return name  # a run is there with its first row

    def batch(self, run: str, first: int, values: Columns) -> Request:
        logs = [
            {
                "project": PROJECT,
                "run": run,
                "run_id": run,
                "metrics": dict(zip(values, row, strict=True)),
                "step": first + place,
                "log_id": uuid.uuid4().hex,
            }
            for place, row in enumerate(zip(*values.values(), strict=True))
        ]
        return call("bulk_log", logs=logs, hf_token=None)

    def add_table_run(self, wire: Wire, number: int) -> None:
        raise NotImplementedError("rows are filled in at once")

    def full(self) -> list[Request]:
        return [call("get_metric_values", project=PROJECT, run=run, run_id=run, metric_name="loss_train") for run in self.chart_ids]

    def sampled(self) -> list[Request]:
        runs = [{"run": run, "run_id": run} for run in self.chart_ids]
        parts = [runs[first : first + LARGEST_BATCH_OF_RUNS] for first in range(0, len(runs), LARGEST_BATCH_OF_RUNS)]
        return [call("get_logs_batch", project=PROJECT, runs=part, max_points=1000, scalar_only=True) for part in parts]

    def values(self, answers: Sequence[bytes], *, sampled: bool) -> list[list[float | None]]:
        if not sampled:
            return [[point["value"] for point in json.loads(answer)["data"]] for answer in answers]
        shown = {entry["run"]: entry["logs"] for answer in answers for entry in json.loads(answer)["data"]}
        return [[row["loss_train"] for row in shown[run] if "loss_train" in row] for run in self.chart_ids]

    def table(self, sizes: Sizes) -> list[Request]:
        loss = "json_extract(m.metrics, '$.loss_val')"
        query = (
            "SELECT m.run_name, m.metrics, c.config FROM metrics m JOIN configs c ON c.run_id = m.run_id "
            f"WHERE json_extract(c.config, '$.optimizer') = '{workload.OPTIMIZER}' AND {loss} < {workload.LOSS_BELOW} "
            f"ORDER BY {loss} LIMIT {sizes.page}"
        )
        return [call("query_project", project="table", query=query)]

    def names(self, answers: Sequence[bytes]) -> list[str]:
        return [row["run_name"] for row in json.loads(answers[0])["data"]["rows"]]

    def disk_bytes(self, folder: Path) -> int:
        return sqlite_bytes(folder / f"{PROJECT}.db")

    def fill(self, server: Server, sizes: Sizes) -> None:
        """Straight into its tables, which a first row has made."""
        self.chart_ids = [f"chart{number}" for number in range(sizes.chart_runs)]
        with Wire(server.port) as wire:
            for project in (PROJECT, "table"):
                first = {
                    "project": project,
                    "run": "first",
                    "run_id": "first",
                    "metrics": {"x": 1.0},
                    "step": 0,
                    "config": {"a": 1},
                    "log_id": "first",
                }
                wire.send(call("bulk_log", logs=[first], hf_token=None))
        with sqlite3.connect(server.folder / f"{PROJECT}.db", timeout=60.0) as database:
            for number, run in enumerate(self.chart_ids):
                _insert_rows(database, run, workload.columns(number, sizes.steps))
        with sqlite3.connect(server.folder / "table.db", timeout=60.0) as database:
            for number in range(sizes.table_runs):
                name = workload.table_name(number)
                params, metrics = workload.table_run(number)
                _insert_rows(database, name, {metric: [value] for metric, value in metrics.items()})
                insert(database, "configs", ("run_id", "run_name", "config", "created_at"), [(name, name, json.dumps(params), BEGUN.isoformat())])


def call(name: str, **arguments: Any) -> Request:
    return post(f"/api/{name}", arguments, {"x-trackio-write-token": TOKEN})


def _insert_rows(database: sqlite3.Connection, run: str, values: Columns) -> None:
    rows = [
        (run, run, step, (BEGUN + timedelta(milliseconds=step)).isoformat(), json.dumps(dict(zip(values, row, strict=True))), uuid.uuid4().hex)
        for step, row in enumerate(zip(*values.values(), strict=True))
    ]
    insert(database, "metrics", ("run_id", "run_name", "step", "timestamp", "metrics", "log_id"), rows)
