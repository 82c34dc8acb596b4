"""The measures: each gives named figures of one tool in one repetition, and what goes wrong becomes a sentence in their place."""

import contextlib
import shutil
import statistics
import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from bench import machine
from bench.peers import wire, workload
from bench.peers.server import Server
from bench.peers.tensorboard import TensorBoard
from bench.peers.tool import Tool
from bench.peers.wire import Request, Wire
from bench.peers.workload import Sizes

TORCH = "worker.forkserver"  # Runtwice's process that has loaded torch: the peers train nothing

Figures = dict[str, float]


@dataclass
class Record:
    """What one repetition of one tool gave."""

    tool: str
    repetition: int
    quiet_s: float
    figures: Figures = field(default_factory=dict)
    failures: dict[str, str] = field(default_factory=dict)
    surroundings: list[Mapping[str, float]] = field(default_factory=list)

    @contextlib.contextmanager
    def measure(self, name: str) -> Iterator[None]:
        """Waits for a quiet machine; a failure is kept and the other measures go on."""
        idle = machine.wait_until_quiet(self.quiet_s)
        print(f"{self.tool} {self.repetition + 1}: {name} ...", file=sys.stderr, flush=True)
        try:
            yield
        except Exception as error:
            self.failures[name] = f"{type(error).__name__}: {error}"[:300]
        load = round(_load(), 2)
        self.surroundings.append({"idle_before": round(idle, 2), "load": load, "contention": round(machine.contention(), 2)})


def repetition(tool: Tool, number: int, folder: Path, filled: Path, sizes: Sizes) -> Record:
    """Writes into a new folder, reads from one that was filled before."""
    record = Record(tool.name, number, sizes.quiet_s)
    folder.mkdir()
    with record.measure("start"):
        tool.prepare(folder)
        with tool.start(folder) as server:
            record.figures["first_start_s"] = server.start_s
            _writing(tool, server, sizes, record)
    shutil.rmtree(folder, ignore_errors=True)
    with record.measure("restart"), tool.start(filled) as server:
        record.figures["start_s"] = server.start_s
        _reading(tool, server, sizes, record)
    return record


def _writing(tool: Tool, server: Server, sizes: Sizes, record: Record) -> None:
    server.settle()
    record.figures |= _idle(server)
    for name, act in _steps(tool, {"bulk": _bulk, "eight": _eight, "small_p99": _small}):
        with record.measure(name):
            record.figures |= act(tool, server, sizes)


def _reading(tool: Tool, server: Server, sizes: Sizes, record: Record) -> None:
    server.settle()
    for name, act in _steps(tool, {"sampled": _sampled, "full": _full, "table": _table}):
        with record.measure(name):
            record.figures |= act(tool, server, sizes)


def _steps(tool: Tool, steps: Mapping[str, Callable[[Tool, Server, Sizes], Figures]]) -> list[tuple[str, Callable[[Tool, Server, Sizes], Figures]]]:
    return [(name, act) for name, act in steps.items() if name not in tool.missing]


def _idle(server: Server) -> Figures:
    """Of everything that runs, and without the process that has loaded torch."""
    whole = machine.memory(server.pids)
    tracker = machine.memory([pid for pid in server.pids if TORCH not in machine.command_of(pid)])
    return {"rss_mb": whole.rss_mb, "pss_mb": whole.pss_mb, "tracker_rss_mb": tracker.rss_mb, "tracker_pss_mb": tracker.pss_mb}


def _bulk(tool: Tool, server: Server, sizes: Sizes) -> Figures:
    points = min(sizes.points, tool.most_points or sizes.points)
    before = tool.disk_bytes(server.folder)
    figures = _written(tool, server, points, sizes) if isinstance(tool, TensorBoard) else _sent(tool, server, points, sizes)
    return {**figures, "disk": (tool.disk_bytes(server.folder) - before) / figures["bulk_points"]}


def _sent(tool: Tool, server: Server, points: int, sizes: Sizes) -> Figures:
    with Wire(server.port) as opened:
        requests = tool.bulk_requests(opened, points, sizes.steps)
    used = server.cpu_s()
    spent, points = wire.send_all(server.port, requests), len(requests) * 1000
    return {**_rates(points, spent), "bulk_cpu_us": (server.cpu_s() - used) / points * 1e6}


def _written(tool: TensorBoard, server: Server, points: int, sizes: Sizes) -> Figures:
    runs = max(points // (sizes.steps * len(workload.METRICS)), 1)
    written = tool.write(server.folder, range(runs), sizes.steps)
    return _rates(written["points"], written["spent"])


def _rates(points: int, spent: Sequence[float]) -> Figures:
    tenth = max(len(spent) // 10, 1)
    return {"bulk": points / sum(spent), "bulk_points": points, "bulk_last_tenth": sum(spent[:tenth]) / sum(spent[-tenth:])}


def _eight(tool: Tool, server: Server, sizes: Sizes) -> Figures:
    each = min(sizes.writer_points, tool.most_writer_points or sizes.writer_points)
    steps = each // len(workload.METRICS)
    with Wire(server.port) as opened:
        shares = [tool.batches(tool.new_run(opened, f"writer{number}"), workload.columns(number, steps)) for number in range(sizes.writers)]
    used = server.cpu_s()
    seconds = wire.send_together(server.port, shares)
    points = sizes.writers * steps * len(workload.METRICS)
    return {"eight": points / seconds, "eight_points": points, "eight_cpu_us": (server.cpu_s() - used) / points * 1e6}


def _small(tool: Tool, server: Server, sizes: Sizes) -> Figures:
    count, runs = int(sizes.small_s * sizes.small_per_s), 20
    with Wire(server.port) as opened:
        ids = [tool.new_run(opened, f"small{number}") for number in range(runs)]
    requests = [tool.batch(ids[number % runs], number // runs, workload.small(number)) for number in range(count)]
    stream = wire.send_at_rate(server.port, requests, sizes.small_per_s, 2 * sizes.small_s)
    ordered = sorted(stream.waits)
    return {
        "small_p50": statistics.median(ordered) * 1000,
        "small_p99": ordered[int(len(ordered) * 0.99)] * 1000,
        "small_rate": (len(ordered) - stream.failed) / stream.lasted_s,
        "small_lost": (stream.failed + stream.unsent) / count,
    }


def _sampled(tool: Tool, server: Server, sizes: Sizes) -> Figures:
    return _chart("sampled", tool, server, sizes, tool.sampled())


def _full(tool: Tool, server: Server, sizes: Sizes) -> Figures:
    asked = tool.full_server(server)
    try:
        figures = _chart("full", tool, asked, sizes, tool.full())
    finally:
        if asked is not server:
            asked.stop()
    if figures["full_points"] != sizes.chart_runs * sizes.steps:
        raise AssertionError(f"it showed {figures['full_points']:,.0f} of {sizes.chart_runs * sizes.steps:,} points")
    return figures


def _chart(name: str, tool: Tool, server: Server, sizes: Sizes, requests: list[Request]) -> Figures:
    answers, spent, used = _asked(server, requests, sizes)
    shown = tool.values(answers, sampled=name == "sampled")
    return {
        name: statistics.median(spent) * 1000,
        f"{name}_mb": sum(map(len, answers)) / 1e6,
        f"{name}_points": sum(map(len, shown)),
        f"{name}_spikes": workload.spikes_kept(shown, sizes.steps) * 100,
        f"{name}_cpu_ms": used * 1000,
    }


def _table(tool: Tool, server: Server, sizes: Sizes) -> Figures:
    answers, spent, used = _asked(server, tool.table(sizes), sizes)
    names = tool.names(answers)
    if names != workload.table_answer(sizes.table_runs, sizes.page):
        raise AssertionError(f"it showed other rows than plain Python does, such as {names[:3]}")
    return {"table": statistics.median(spent) * 1000, "table_cpu_ms": used * 1000}


def _asked(server: Server, requests: list[Request], sizes: Sizes) -> tuple[list[bytes], list[float], float]:
    """The answers; the seconds that all requests together took, each time; the server's processor seconds for one time."""
    answers: list[bytes] = []
    with Wire(server.port) as opened:

        def ask() -> None:
            answers[:] = [opened.send(request) for request in requests]

        used = server.cpu_s()
        spent = wire.timed(ask, sizes.patience_s)
        used = (server.cpu_s() - used) / (len(spent) + 1)  # the one that was not counted too
    return answers, spent, used


def _load() -> float:
    return float((machine.PROC / "loadavg").read_text().split()[0])
