"""MLflow: its tracking server with the settings it comes with, on SQLite."""

import json
import sqlite3
import uuid
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from bench.peers import workload
from bench.peers.server import Server, free_port
from bench.peers.tool import Tool, insert, sqlite_bytes
from bench.peers.wire import Request, Wire, post
from bench.peers.workload import Columns, Sizes

API = "/api/2.0/mlflow"
BEGUN_MS = workload.BEGUN_S * 1000
QUIET = {"MLFLOW_DISABLE_TELEMETRY": "true", "DO_NOT_TRACK": "true"}
METRIC = ("key", "value", "timestamp", "run_uuid", "step", "is_nan")


class MlflowApi(Tool):
    """The REST interface that MLflow and FastTrackML share."""

    table_experiment = ""

    def new_run(self, wire: Wire, name: str, experiment: str = "0") -> str:
        created = wire.ask(post(f"{API}/runs/create", {"experiment_id": experiment, "run_name": name, "start_time": BEGUN_MS}))
        return str(created["run"]["info"]["run_id"])

    def batch(self, run: str, first: int, values: Columns) -> Request:
        metrics = [
            {"key": metric, "value": value, "timestamp": BEGUN_MS + first + place, "step": first + place}
            for place, row in enumerate(zip(*values.values(), strict=True))
            for metric, value in zip(values, row, strict=True)
        ]
        return post(f"{API}/runs/log-batch", {"run_id": run, "metrics": metrics})

    def add_table_run(self, wire: Wire, number: int) -> None:
        params, metrics = workload.table_run(number)
        document = {
            "run_id": self.new_run(wire, workload.table_name(number), self.table_experiment),
            "params": [{"key": key, "value": value} for key, value in params.items()],
            "metrics": [{"key": key, "value": value, "timestamp": BEGUN_MS, "step": 0} for key, value in metrics.items()],
        }
        wire.send(post(f"{API}/runs/log-batch", document))

    def full(self) -> list[Request]:
        return [Request("GET", f"{API}/metrics/get-history?run_id={run}&metric_key=loss_train&max_results=25000") for run in self.chart_ids]

    def values(self, answers: Sequence[bytes], *, sampled: bool) -> list[list[float | None]]:
        if not sampled:
            return [[point["value"] for point in json.loads(answer)["metrics"]] for answer in answers]
        shown: dict[str, list[float | None]] = {run: [] for run in self.chart_ids}
        for answer in answers:
            for point in json.loads(answer)["metrics"]:
                shown[point["run_id"]].append(point["value"])
        return list(shown.values())

    def table(self, sizes: Sizes) -> list[Request]:
        wanted = f"metrics.loss_val < {workload.LOSS_BELOW} and params.optimizer = '{workload.OPTIMIZER}'"
        body = {"experiment_ids": [self.table_experiment], "filter": wanted, "max_results": sizes.page, "order_by": ["metrics.loss_val ASC"]}
        return [post(f"{API}/runs/search", body)]

    def names(self, answers: Sequence[bytes]) -> list[str]:
        return [run["info"]["run_name"] for run in json.loads(answers[0])["runs"]]

    def make_table_experiment(self, port: int) -> None:
        with Wire(port) as wire:
            self.table_experiment = str(wire.ask(post(f"{API}/experiments/create", {"name": "table"}))["experiment_id"])


class Mlflow(MlflowApi):
    name = "mlflow"
    title = "MLflow"
    most_points = 40_000
    most_writer_points = 10_000
    most_repetitions = 2

    def start(self, folder: Path) -> Server:
        port = free_port()
        address = ["--host", "127.0.0.1", "--port", str(port)]
        stores: list[str | Path] = ["--backend-store-uri", f"sqlite:///{folder}/mlflow.db", "--default-artifact-root", folder / "artifacts"]
        return Server([self.environment / "bin" / "mlflow", "server", *stores, *address], port, "/health", folder, QUIET)

    def sampled(self) -> list[Request]:
        runs = "&".join(f"run_ids={run}" for run in self.chart_ids)
        path = f"/ajax-api/2.0/mlflow/metrics/get-history-bulk-interval?{runs}&metric_key=loss_train&max_results=1000"
        return [Request("GET", path)]

    def disk_bytes(self, folder: Path) -> int:
        return sqlite_bytes(folder / "mlflow.db")

    def fill(self, server: Server, sizes: Sizes) -> None:
        """Straight into its tables: over HTTP it would take ten minutes."""
        self.make_table_experiment(server.port)
        with Wire(server.port) as wire:
            self.chart_ids = [self.new_run(wire, f"chart{number}") for number in range(sizes.chart_runs)]
            template = self.new_run(wire, "template", self.table_experiment)
        with sqlite3.connect(server.folder / "mlflow.db", timeout=60.0) as database:
            for number, run in enumerate(self.chart_ids):
                _insert_metrics(database, run, workload.columns(number, sizes.steps))
            _insert_table(database, template, sizes)
            database.execute("UPDATE runs SET lifecycle_stage = 'deleted' WHERE run_uuid = ?", (template,))


def _insert_metrics(database: sqlite3.Connection, run: str, values: Columns) -> None:
    rows = [
        (metric, value, BEGUN_MS + step, run, step, False)
        for step, row in enumerate(zip(*values.values(), strict=True))
        for metric, value in zip(values, row, strict=True)
    ]
    insert(database, "metrics", METRIC, rows)
    insert(database, "latest_metrics", METRIC, rows[-len(values) :])


def _insert_table(database: sqlite3.Connection, template: str, sizes: Sizes) -> None:
    found = database.execute("SELECT * FROM runs WHERE run_uuid = ?", (template,))
    names = [column[0] for column in found.description]
    like: dict[str, Any] = dict(zip(names, found.fetchone(), strict=True))
    for number in range(sizes.table_runs):
        run, name = uuid.UUID(int=number + 1).hex, workload.table_name(number)
        params, metrics = workload.table_run(number)
        row = {**like, "run_uuid": run, "name": name, "status": "FINISHED", "artifact_uri": f"/artifacts/{run}"}
        insert(database, "runs", names, [list(row.values())])
        insert(database, "tags", ("key", "value", "run_uuid"), [("mlflow.runName", name, run), ("mlflow.user", "bench", run)])
        insert(database, "params", ("key", "value", "run_uuid"), [(key, value, run) for key, value in params.items()])
        _insert_metrics(database, run, {metric: [value] for metric, value in metrics.items()})
