"""FastTrackML: MLflow's interface, and Aim's, which its page draws charts with."""

import struct
from collections.abc import Sequence
from pathlib import Path

from bench.peers.mlflow import MlflowApi
from bench.peers.server import Server, free_port
from bench.peers.tool import sqlite_bytes
from bench.peers.wire import Request, post
from bench.peers.workload import SPIKE, Sizes


class FastTrackml(MlflowApi):
    name = "fasttrackml"
    title = "FastTrackML"
    remark = (
        "FastTrackML's sampled chart is Aim's binary stream: about 50 points a run, whatever number is asked for; "
        "the planted values are counted by their bytes."
    )

    def start(self, folder: Path) -> Server:
        port = free_port()
        stores: list[str | Path] = ["--database-uri", f"sqlite://{folder}/fasttrackml.db", "--default-artifact-root", folder / "artifacts"]
        command: list[str | Path] = [self.environment / "bin" / "fml", "server", "--listen-address", f"127.0.0.1:{port}", *stores]
        return Server(command, port, "/health", folder, {})

    def sampled(self) -> list[Request]:
        metrics = [{"key": "loss_train", "context": {}}]
        return [
            post("/aim/api/runs/search/metric", {"q": "metric.name == 'loss_train'", "metrics": metrics, "steps": 1000, "report_progress": False})
        ]

    def values(self, answers: Sequence[bytes], *, sampled: bool) -> list[list[float | None]]:
        if not sampled:
            return super().values(answers, sampled=False)
        # Which run they belong to is not told apart: the first runs are credited with as many as can be theirs.
        left = answers[0].count(struct.pack("<d", SPIKE))
        shown: list[list[float | None]] = []
        for _ in self.chart_ids:
            shown.append([SPIKE] * min(left, 3))
            left -= len(shown[-1])
        return shown

    def fill(self, server: Server, sizes: Sizes) -> None:
        self.make_table_experiment(server.port)
        super().fill(server, sizes)

    def disk_bytes(self, folder: Path) -> int:
        return sqlite_bytes(folder / "fasttrackml.db")
