"""Writes TensorBoard event files with TensorBoard's own writer, in its environment: the seconds this took and the points.

python event_files.py FOLDER FIRST_RUN RUNS STEPS METRIC...
"""

import json
import sys
import time
from collections.abc import Sequence
from pathlib import Path

from tensorboard.compat.proto.event_pb2 import Event
from tensorboard.compat.proto.summary_pb2 import Summary
from tensorboard.summary.writer.event_file_writer import EventFileWriter

from bench.peers import workload

QUEUE = 1000  # more than the ten that it holds unasked


def write(folder: Path, run: int, steps: int, metrics: Sequence[str]) -> float:
    """Seconds until the run's file is closed."""
    values = workload.columns(run, steps)
    begun = time.perf_counter()
    writer = EventFileWriter(str(folder / f"chart{run}"), max_queue_size=QUEUE)
    for step in range(steps):
        for metric in metrics:
            summary = Summary(value=[Summary.Value(tag=metric, simple_value=values[metric][step])])
            writer.add_event(Event(wall_time=time.time(), step=step, summary=summary))
    writer.close()
    return time.perf_counter() - begun


def main(folder: str, first: str, runs: str, steps: str, *metrics: str) -> None:
    spent = [write(Path(folder), run, int(steps), metrics) for run in range(int(first), int(first) + int(runs))]
    print(json.dumps({"spent": spent, "points": int(runs) * int(steps) * len(metrics)}))


if __name__ == "__main__":
    main(*sys.argv[1:])
