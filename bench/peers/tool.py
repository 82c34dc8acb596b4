"""What the bench asks of a tool: to start, to keep points and runs, and for its charts and its run table, each by its best public interface."""

import sqlite3
from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, ClassVar

from bench.peers import workload
from bench.peers.server import Server
from bench.peers.wire import Request, Wire, in_parallel
from bench.peers.workload import Columns, Sizes

FILLERS = 8


class Tool(ABC):
    name: str
    title: str
    most_points: int | None = None  # a slow tool is given fewer, which the report says
    most_writer_points: int | None = None
    most_repetitions: int | None = None
    remark = ""
    fill_steps = workload.BATCH_STEPS  # of the batches that fill the chart's runs
    missing: ClassVar[Mapping[str, str]] = {}  # measure: why there is none

    def __init__(self, environment: Path) -> None:
        self.environment = environment
        self.chart_ids: list[str] = []

    def prepare(self, folder: Path) -> None:  # noqa: B027 - most have nothing to prepare
        """Makes what the tool needs in an empty folder, before its first start."""

    def close(self) -> None:  # noqa: B027
        """Ends what `prepare` started."""

    @abstractmethod
    def start(self, folder: Path) -> Server:
        """A server on the folder's data that has answered once."""

    @abstractmethod
    def new_run(self, wire: Wire, name: str) -> str:
        """The run's id."""

    @abstractmethod
    def batch(self, run: str, first: int, values: Columns) -> Request:
        """Appends these values to the run, from that step on."""

    @abstractmethod
    def add_table_run(self, wire: Wire, number: int) -> None:
        """A row of the run table."""

    @abstractmethod
    def full(self) -> list[Request]:
        """Asks for every point of loss_train of the chart's runs."""

    @abstractmethod
    def sampled(self) -> list[Request]:
        """Asks for about 1,000 points of each of these."""

    @abstractmethod
    def values(self, answers: Sequence[bytes], *, sampled: bool) -> list[list[float | None]]:
        """The values that such answers show, run by run."""

    @abstractmethod
    def table(self, sizes: Sizes) -> list[Request]:
        """Asks for the first page of runs with a small loss and one optimizer, the least loss first."""

    @abstractmethod
    def names(self, answers: Sequence[bytes]) -> list[str]:
        """The runs of such a page."""

    @abstractmethod
    def disk_bytes(self, folder: Path) -> int:
        """What the data takes, with a write-ahead log written back."""

    def full_server(self, server: Server) -> Server:
        """The server to ask for every point, where that is another."""
        return server

    def bulk_requests(self, wire: Wire, points: int, steps: int) -> list[Request]:
        """Batches of 1,000 points of as many runs as it takes, run after run."""
        found = []
        per_run = steps * len(workload.METRICS)
        for number in range(max(points // per_run, 1)):
            run = self.new_run(wire, f"bulk{number}")
            found += self.batches(run, workload.columns(number, steps))
        return found[: max(points // 1000, 1)]

    def batches(self, run: str, values: Columns, size: int = workload.BATCH_STEPS) -> list[Request]:
        steps = len(next(iter(values.values())))
        return [self.batch(run, first, workload.slices(values, first, size)) for first in range(0, steps, size)]

    def fill(self, server: Server, sizes: Sizes) -> None:
        """The chart's runs and the run table are there. Not measured."""

        def add_chart_run(number: int) -> str:
            with Wire(server.port) as wire:
                run = self.new_run(wire, f"chart{number}")
                for request in self.batches(run, workload.columns(number, sizes.steps), self.fill_steps):
                    wire.send(request)
                return run

        self.chart_ids = in_parallel(add_chart_run, sizes.chart_runs)
        self.fill_table(server, sizes)

    def fill_table(self, server: Server, sizes: Sizes) -> None:
        def add_rows(share: int) -> None:
            with Wire(server.port) as wire:
                for number in range(share, sizes.table_runs, FILLERS):
                    self.add_table_run(wire, number)

        in_parallel(add_rows, FILLERS)


def sqlite_bytes(file: Path) -> int:
    with sqlite3.connect(file, timeout=60.0) as database:
        database.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    return sum(part.stat().st_size for part in file.parent.glob(f"{file.name}*"))


def insert(database: sqlite3.Connection, table: str, names: Sequence[str], rows: Sequence[Sequence[Any]]) -> None:
    """Rows straight into a tool's table, for filling, which is not measured."""
    marks = ",".join("?" * len(names))
    database.executemany(f"INSERT INTO {table} ({','.join(names)}) VALUES ({marks})", rows)
