"""The same work on MLflow, FastTrackML, Trackio, TensorBoard and Runtwice, side by side: one table, as Markdown and as JSON.

python -m bench.peers [--quick] [--only trackio,runtwice] [--repetitions 5] [--out FOLDER]

The peers are installed into environments of their own under $RUNTWICE_BENCH_DIR (~/.cache/runtwice-bench without it).
"""

import argparse
import dataclasses
import json
import signal
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from contextlib import ExitStack
from pathlib import Path
from typing import Any

from bench import machine
from bench.peers import environments, report
from bench.peers.fasttrackml import FastTrackml
from bench.peers.measures import Record, repetition
from bench.peers.mlflow import Mlflow
from bench.peers.report import Column
from bench.peers.runtwice import Runtwice, RuntwiceOnPostgres
from bench.peers.tensorboard import TensorBoard
from bench.peers.tool import Tool
from bench.peers.trackio import Trackio
from bench.peers.workload import QUICK, Sizes

TOOLS: tuple[type[Tool], ...] = (Runtwice, RuntwiceOnPostgres, Trackio, FastTrackml, Mlflow, TensorBoard)


def main() -> None:
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(128 + signal.SIGTERM))  # so that every server is stopped
    asked = arguments()
    sizes = chosen_sizes(asked)
    about = {"machine": machine.description(), "at": time.strftime("%Y-%m-%d"), "repetitions": asked.repetitions}
    if asked.database_url:
        RuntwiceOnPostgres.url = asked.database_url
    asked.out.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(prefix="rt-peers-") as folder:
        for columns in measured([tool for tool in TOOLS if tool.name in asked.only], Path(folder), sizes, asked.repetitions):
            text = report.markdown(columns, sizes, about)
            (asked.out / "peers.md").write_text(text)
            (asked.out / "peers.json").write_text(json.dumps(report.document(columns, sizes, about), indent=1))
    print(text)
    print(f"Written to {asked.out}/peers.md and peers.json", file=sys.stderr)


def arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    names = [tool.name for tool in TOOLS]
    parser.add_argument("--only", type=lambda text: text.split(","), default=names, help=f"some of {','.join(names)}")
    parser.add_argument("--quick", action="store_true", help="small sizes and one repetition, to see that everything works")
    parser.add_argument("--repetitions", type=int)
    parser.add_argument("--out", type=Path, default=environments.root() / "results", help="folder of peers.md and peers.json")
    parser.add_argument("--database-url", help="of a PostgreSQL server on which databases may be made; without it one is started from a wheel")
    for size in dataclasses.fields(Sizes):
        parser.add_argument(f"--{size.name.replace('_', '-')}", type=type(size.default))
    asked = parser.parse_args()
    if unknown := set(asked.only) - set(names):
        parser.error(f"--only takes {', '.join(names)}; got {', '.join(sorted(unknown))}")
    asked.repetitions = asked.repetitions or (1 if asked.quick else 5)
    return asked


def chosen_sizes(asked: argparse.Namespace) -> Sizes:
    given = {size.name: value for size in dataclasses.fields(Sizes) if (value := getattr(asked, size.name)) is not None}
    return dataclasses.replace(QUICK if asked.quick else Sizes(), **given)


def measured(kinds: Sequence[type[Tool]], folder: Path, sizes: Sizes, repetitions: int) -> Iterator[list[Column]]:
    """After every repetition of a tool all that is known: a column for each, also for one that cannot be installed, started or filled."""
    troubles: dict[str, str] = {}
    records: dict[str, list[Record]] = {kind.name: [] for kind in kinds}
    with ExitStack() as at_end:
        tools = [tool for kind in kinds if (tool := ready(kind, folder, sizes, troubles, at_end)) is not None]
        for number in range(repetitions):
            for tool in tools:
                if number < (tool.most_repetitions or repetitions):
                    records[tool.name].append(repetition(tool, number, folder / f"{slug(tool)}_{number}", folder / slug(tool), sizes))
                    yield [column(kind, records[kind.name], troubles.get(kind.name, ""), sizes, repetitions) for kind in kinds]
    yield [column(kind, records[kind.name], troubles.get(kind.name, ""), sizes, repetitions) for kind in kinds]


def column(kind: type[Tool], records: list[Record], trouble: str, sizes: Sizes, repetitions: int) -> Column:
    return Column(kind.name, title(kind), list(records), kind.missing, remarks(kind, sizes, repetitions), trouble)


def ready(kind: type[Tool], folder: Path, sizes: Sizes, troubles: dict[str, str], at_end: ExitStack) -> Tool | None:
    """The tool, installed, with its chart's runs and its run table filled; None, and a sentence in `troubles`, when that cannot be done."""
    try:
        tool = kind(folder if issubclass(kind, Runtwice) else environments.environment(kind.name))
        at_end.callback(tool.close)
        filled = folder / slug(kind)
        filled.mkdir()
        tool.prepare(filled)
        print(f"Filling {kind.title} ...", file=sys.stderr, flush=True)
        with tool.start(filled) as server:
            tool.fill(server, sizes)
    except Exception as error:
        troubles[kind.name] = f"{type(error).__name__}: {error}"[:300]
        return None
    return tool


def slug(tool: Tool | type[Tool]) -> str:
    return tool.name.replace("-", "_")


def title(kind: type[Tool]) -> str:
    return kind.title if issubclass(kind, Runtwice) else f"{kind.title} {environments.release(kind.name)}"


def remarks(kind: type[Tool], sizes: Sizes, repetitions: int) -> list[str]:
    """What is said of the tool beneath the table, fewer points and repetitions than the others' among it."""
    found: list[Any] = [kind.remark] if kind.remark else []
    if kind.most_points and kind.most_points < sizes.points:
        found.append(f"{kind.title} was given {kind.most_points:,} points for one writer, since it is slow.")
    if kind.most_writer_points and kind.most_writer_points < sizes.writer_points:
        found.append(f"{kind.title} was given {kind.most_writer_points:,} points for each of several writers, not {sizes.writer_points:,}.")
    if kind.most_repetitions and kind.most_repetitions < repetitions:
        found.append(f"{kind.title} was measured {kind.most_repetitions} times.")
    return found + [f"{kind.title} {why}." for why in sorted(set(kind.missing.values()))]


if __name__ == "__main__":
    main()
