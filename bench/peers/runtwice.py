"""Runtwice itself: `runtwice up`, on SQLite or on PostgreSQL."""

import json
import os
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any
from urllib.parse import quote

import psycopg
from sqlalchemy import make_url

from bench.peers import workload
from bench.peers.server import Server, free_port
from bench.peers.tool import Tool, sqlite_bytes
from bench.peers.wire import Request, Wire, post
from bench.peers.workload import Columns, Sizes
from store import projects, runs, series
from store.database import connect
from tests.servers import Postgres

ROOT = Path(__file__).parent.parent.parent
FILLED_TOGETHER = 500
BINARY = "application/vnd.runtwice.columns"


class Runtwice(Tool):
    name = "runtwice"
    title = "Runtwice, SQLite"
    fill_steps = 5000

    def __init__(self, environment: Path) -> None:
        super().__init__(environment)
        self._key = ""

    def start(self, folder: Path) -> Server:
        port = free_port()
        command: list[str | Path] = [sys.executable, "-m", "cli", "up", "--json", "--data-dir", folder / "data", "--port", str(port)]
        path = os.pathsep.join([str(ROOT), *filter(None, [os.environ.get("PYTHONPATH")])])
        settings = {name: "" for name in os.environ if name.startswith("RUNTWICE_")}  # those of some other service
        env = {"PYTHONPATH": path, **settings, "RUNTWICE_DATABASE_URL": self._database(folder)}
        server = Server(command, port, "/readyz", folder, env, self._also())
        self._key = (folder / "data" / "admin.key").read_text().strip()
        return server

    def new_run(self, wire: Wire, name: str) -> str:
        return self._new_run(wire, {"project": "bench", "name": name})

    def batch(self, run: str, first: int, values: Columns) -> Request:
        count = len(next(iter(values.values())))
        times = [workload.BEGUN_S + step / 1000 for step in range(first, first + count)]
        columns = {metric: list(column) for metric, column in values.items()}
        return self._post(f"/runs/{run}/points", {"steps": list(range(first, first + count)), "times": times, "metrics": columns})

    def add_table_run(self, wire: Wire, number: int) -> None:
        raise NotImplementedError("rows are filled in at once")

    def fill_table(self, server: Server, sizes: Sizes) -> None:
        """Straight into its tables, many runs in a transaction."""
        database = connect(self._database(server.folder))
        with database.begin() as session:
            project = projects.find_or_add(session, "team", "table")
        for first in range(0, sizes.table_runs, FILLED_TOGETHER):
            with database.begin() as session:
                for number in range(first, min(first + FILLED_TOGETHER, sizes.table_runs)):
                    params, metrics = workload.table_run(number)
                    run = runs.add_client(session, project, params, name=workload.table_name(number))
                    columns = {metric: [value] for metric, value in metrics.items()}
                    series.append(session, run.id, series.Points([0], [workload.BEGUN_S], columns))
        database.close()

    def full(self) -> list[Request]:
        return [self._post("/series/query", {"runs": self.chart_ids, "metrics": ["loss_train"], "points": "all"}, Accept=BINARY)]

    def sampled(self) -> list[Request]:
        return [self._post("/series/query", {"runs": self.chart_ids, "metrics": ["loss_train"], "points": 1000})]

    def values(self, answers: Sequence[bytes], *, sampled: bool) -> list[list[float | None]]:
        if not sampled:
            return columns_of(answers[0], "values")
        return [curve.get("max", curve.get("values")) for curve in json.loads(answers[0])["series"]]

    def table(self, sizes: Sizes) -> list[Request]:
        wanted = quote(f"metrics.loss_val < {workload.LOSS_BELOW} and config.optimizer = '{workload.OPTIMIZER}'")
        path = f"/api/v1/runs?project=table&filter={wanted}&sort=metrics.loss_val&limit={sizes.page}"
        return [Request("GET", path, headers=self._headers())]

    def names(self, answers: Sequence[bytes]) -> list[str]:
        return [run["name"] for run in json.loads(answers[0])["items"]]

    def disk_bytes(self, folder: Path) -> int:
        return sqlite_bytes(folder / "data" / "runtwice.db")

    def _database(self, folder: Path) -> str:
        return f"sqlite:///{folder / 'data' / 'runtwice.db'}"

    def _also(self) -> Sequence[int]:
        return ()

    def _new_run(self, wire: Wire, fields: dict[str, Any]) -> str:
        return str(wire.ask(self._post("/runs", {"origin": "client", **fields}))["id"])

    def _post(self, path: str, document: dict[str, Any], **headers: str) -> Request:
        return post(f"/api/v1{path}", document, {**self._headers(), **headers})

    def _headers(self) -> dict[str, str]:
        return {"Authorization": f"Bearer {self._key}"}


class RuntwiceOnPostgres(Runtwice):
    """On a server from a wheel, with the settings it comes with, or on one that the environment names; each folder has a database of its own."""

    name = "runtwice-pg"
    title = "Runtwice, PostgreSQL"
    remark = "Memory and processor time of Runtwice on PostgreSQL include the database server's when the bench starts it."
    url = os.environ.get("RUNTWICE_BENCH_DATABASE_URL", "")  # of a server on which databases may be made

    def __init__(self, environment: Path) -> None:
        super().__init__(environment)
        self._postgres: Postgres | None = None

    def prepare(self, folder: Path) -> None:
        if not self.url and self._postgres is None:
            self._postgres = Postgres().start()
        self._execute(f"DROP DATABASE IF EXISTS {name_of(folder)}")
        self._execute(f"CREATE DATABASE {name_of(folder)}")

    def close(self) -> None:
        if self._postgres is not None:
            self._postgres.stop()

    def disk_bytes(self, folder: Path) -> int:
        self._execute("CHECKPOINT")
        return int(self._execute(f"SELECT pg_database_size('{name_of(folder)}')") or 0)

    def _database(self, folder: Path) -> str:
        return make_url(self._server_url).set(database=name_of(folder)).render_as_string(hide_password=False)

    def _also(self) -> Sequence[int]:
        return [] if self._postgres is None else [self._postgres.pid]

    @property
    def _server_url(self) -> str:
        return self.url or ("" if self._postgres is None else self._postgres.url())

    def _execute(self, statement: str) -> Any:
        url = make_url(self._server_url).set(drivername="postgresql").render_as_string(hide_password=False)
        with psycopg.connect(url, autocommit=True) as connection:
            done = connection.execute(statement.encode())
            return done.fetchone()[0] if done.description else None  # type: ignore[index]


def name_of(folder: Path) -> str:
    return f"runtwice_bench_{folder.name}"


def columns_of(answer: bytes, name: str) -> list[list[float | None]]:
    """One column of every curve in an answer of binary columns."""
    head, _, body = answer.partition(b"\n")
    numbers = memoryview(body).cast("d")
    found: list[list[float | None]] = []
    place = 0
    for curve in json.loads(head)["series"]:
        for column in curve["columns"]:
            if column["name"] == name:
                found.append(list(numbers[place : place + column["length"]]))
            place += column["length"]
    return found
