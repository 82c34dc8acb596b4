"""The table: a row a measure, a column a tool, medians over the repetitions, and how far Runtwice is ahead of the best peer."""

import math
import statistics
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any

from bench.peers.measures import Record
from bench.peers.workload import Sizes

OURS = "runtwice"


@dataclass(frozen=True)
class Row:
    figure: str
    measure: str  # the one that gives it: when that failed, its reason stands for the figure
    title: Callable[[Sizes], str]
    better: str = ""  # "more", "less", or nothing to compare


def rows() -> list[Row]:
    return [
        Row("bulk", "bulk", lambda s: f"ingest, one writer, batches of 1,000 points, {s.points:,} points: points/s", "more"),
        Row("bulk_last_tenth", "bulk", lambda _: "of it, the last tenth's rate over the first's"),
        Row("bulk_cpu_us", "bulk", lambda _: "of it, processor time of the server, microseconds a point", "less"),
        Row("eight", "eight", lambda s: f"ingest by {s.writers} processes: points/s", "more"),
        Row("small_p99", "small_p99", lambda s: f"{s.small_per_s} appends/s of 1 step x 10 metrics: p99, ms from when due", "less"),
        Row("small_rate", "small_p99", lambda _: "of these, answered a second"),
        Row("sampled", "sampled", lambda s: f"chart of {s.chart_runs} runs x {s.steps:,} steps, about 1,000 points each: p50, ms", "less"),
        Row("sampled_spikes", "sampled", lambda _: "planted spikes that it shows, %"),
        Row("sampled_mb", "sampled", lambda _: "size of the sampled chart, MB"),
        Row("sampled_cpu_ms", "sampled", lambda _: "processor time of the server for it, ms", "less"),
        Row("full", "full", lambda _: "the same chart with every point: p50, ms", "less"),
        Row("full_mb", "full", lambda _: "size of the full chart, MB"),
        Row("full_cpu_ms", "full", lambda _: "processor time of the server for it, ms", "less"),
        Row("table", "table", lambda s: f"table of {s.table_runs:,} runs, filter and sort, page of {s.page}: p50, ms", "less"),
        Row("table_cpu_ms", "table", lambda _: "processor time of the server for the table, ms", "less"),
        Row("disk", "bulk", lambda _: "disk, bytes a point", "less"),
        Row("rss_mb", "start", lambda _: "idle, resident, all processes, MB", "less"),
        Row("pss_mb", "start", lambda _: "idle, shared pages counted once, MB", "less"),
        Row("tracker_pss_mb", "start", lambda _: "the same without the process that has loaded torch, MB", "less"),
        Row("first_start_s", "start", lambda _: "start on a new folder to the first answer, s", "less"),
        Row("start_s", "restart", lambda _: "start on a full folder to the first answer, s", "less"),
    ]


@dataclass(frozen=True)
class Column:
    """A tool in the report; `trouble` says why there are no figures at all."""

    name: str
    title: str
    records: Sequence[Record]
    missing: Mapping[str, str]
    remarks: Sequence[str]
    trouble: str = ""

    def median(self, figure: str) -> float | None:
        values = [record.figures[figure] for record in self.records if figure in record.figures]
        return statistics.median(values) if values else None

    def cell(self, row: Row) -> str:
        value = self.median(row.figure)
        if value is not None:
            return shown(value)
        if self.trouble or not self.records:
            return "not measured"
        if row.measure in self.missing:
            return "none"
        failed = {name for record in self.records for name in record.failures}
        return "failed" if failed & {row.measure, "start", "restart"} else "none"


def markdown(columns: Sequence[Column], sizes: Sizes, about: Mapping[str, Any]) -> str:
    """The table, then what has to be known to read it."""
    head = ["", *(column.title for column in columns), "Runtwice ahead of the best peer"]
    lines = [_line(head), _line(["---", *["---:"] * (len(head) - 1)])]
    lines += [_line([row.title(sizes), *(column.cell(row) for column in columns), ahead(row, columns)]) for row in rows()]
    return "\n".join([*lines, "", *(f"- {remark}" for remark in remarks(columns, about)), ""])


def ahead(row: Row, columns: Sequence[Column]) -> str:
    """How many times better Runtwice on SQLite is than the best peer; below 1 it is behind. Empty where nothing is to be compared."""
    ours = [value for column in columns if column.name == OURS and (value := column.median(row.figure)) is not None]
    peers = [value for column in columns if not column.name.startswith(OURS) and (value := column.median(row.figure)) is not None]
    if not row.better or not ours or not peers:
        return ""
    best = max(peers) if row.better == "more" else min(peers)
    over, under = (ours[0], best) if row.better == "more" else (best, ours[0])
    return f"{shown(over / under)} x" if under else ""


def remarks(columns: Sequence[Column], about: Mapping[str, Any]) -> list[str]:
    surroundings = [around for column in columns for record in column.records for around in record.surroundings]
    contention = [around["contention"] for around in surroundings] or [math.nan]
    found = [
        f"{about['machine']}. {about['at']}. Medians of {about['repetitions']} repetitions, in which the tools took turns.",
        f"Contention (seconds that pass for a second of processor, 1 is a core to ourselves): median {statistics.median(contention):.2f}, "
        f"worst {max(contention):.2f}.",
    ]
    for column in columns:
        found += [f"{column.title}: {column.trouble}."] if column.trouble else []
        found += column.remarks
        failures = {f"{column.title}, {name}: {words}" for record in column.records for name, words in record.failures.items()}
        found += sorted(failures)
    return found


def document(columns: Sequence[Column], sizes: Sizes, about: Mapping[str, Any]) -> dict[str, Any]:
    """Everything that was measured, for other programs."""
    figures = [row.figure for row in rows()]
    tools = {
        column.name: {
            "title": column.title,
            "trouble": column.trouble or None,
            "remarks": list(column.remarks),
            "missing": dict(column.missing),
            "medians": {figure: value for figure in figures if (value := column.median(figure)) is not None},
            "repetitions": [asdict(record) for record in column.records],
        }
        for column in columns
    }
    return {"about": dict(about), "sizes": asdict(sizes), "tools": tools, "ahead": {row.figure: ahead(row, columns) for row in rows()}}


def shown(value: float) -> str:
    return f"{value:,.0f}" if abs(value) >= 100 else f"{value:.3g}"


def _line(cells: Sequence[str]) -> str:
    return f"| {' | '.join(cells)} |"
