"""What every tool is given to keep and asked to show: the same numbers in every process that asks. Standard library only."""

import math
import random
from array import array
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

METRICS = ("loss_train", "loss_val", "acc_val", "lr")
SMALL_METRICS = tuple(f"m{i}" for i in range(10))
BATCH_STEPS = 250  # of four metrics each: 1,000 points
SPIKE = 1000.0  # stands at single steps of every loss_train: what a sampled chart must not lose
BEGUN_S = 1_700_000_000
OPTIMIZERS = ("adam", "sgd", "rmsprop", "adamw")
CHOICES = (0.1, 0.01, 32, 64, "relu", "gelu", True)
LOSS_BELOW, OPTIMIZER = 0.5, "adam"


@dataclass(frozen=True)
class Sizes:
    """How much is kept and asked for."""

    points: int = 1_000_000
    steps: int = 10_000
    writers: int = 8
    writer_points: int = 30_000
    small_s: float = 10.0
    small_per_s: int = 300
    chart_runs: int = 100
    table_runs: int = 10_000
    page: int = 100
    patience_s: float = 15.0  # a measure is taken again for that long at most, and at least once
    quiet_s: float = 5.0  # and waits that long at most for a quiet machine


QUICK = Sizes(points=40_000, steps=1000, writer_points=4000, small_s=2.0, chart_runs=10, table_runs=300, patience_s=2.0, quiet_s=1.0)

Columns = Mapping[str, Sequence[float]]


def columns(run: int, steps: int) -> "dict[str, array[float]]":
    """The values of each metric of a run, by step."""
    return {metric: _column(run, metric, steps) for metric in METRICS}


def _column(run: int, metric: str, steps: int) -> "array[float]":
    noise = random.Random(run * 31 + METRICS.index(metric)).random
    if metric == "lr":
        return array("d", (1e-3 * 0.5 * (1 + math.cos(math.pi * step / steps)) for step in range(steps)))
    if metric == "acc_val":
        return array("d", (1 - 0.9 * math.exp(-step / 2500) + 0.02 * (noise() - 0.5) for step in range(steps)))
    values = array("d", ((2.0 + run * 0.01) * math.exp(-step / 2000) + 0.1 * noise() for step in range(steps)))
    if metric == "loss_train":
        for step in spike_steps(run, steps):
            values[step] = SPIKE
    return values


def spike_steps(run: int, steps: int) -> set[int]:
    return {(1237 + 7 * run) % steps, (4999 + 3 * run) % steps, (8111 + 11 * run) % steps}


def spikes_kept(answers: Iterable[Iterable[float | None]], steps: int) -> float:
    """The share of the planted spikes that a chart's answer still shows; one list of loss_train values for each run, in order."""
    kept = planted = 0
    for run, values in enumerate(answers):
        here = len(spike_steps(run, steps))
        planted += here
        kept += min(here, sum(value == SPIKE for value in values))
    return kept / planted if planted else 0.0


def slices(values: Columns, first: int, count: int) -> Columns:
    return {metric: column[first : first + count] for metric, column in values.items()}


def small(number: int) -> dict[str, list[float]]:
    """One step of ten metrics."""
    return {metric: [number / 7 + place] for place, metric in enumerate(SMALL_METRICS)}


def table_run(number: int) -> tuple[dict[str, str], dict[str, float]]:
    """Twenty params and ten metrics of a row of the run table."""
    source = random.Random(1_000_003 * number + 17)
    params = {"optimizer": OPTIMIZERS[number % 4]} | {f"p{i}": str(source.choice([*CHOICES, number])) for i in range(19)}
    metrics = {"loss_val": source.random()} | {f"m{i}": source.random() for i in range(9)}
    return params, metrics


def table_answer(runs: int, page: int) -> list[str]:
    """The names on the first page: loss_val below one half, optimizer adam, least loss first. In plain Python, to check each tool's answer by."""
    rows = [(table_run(number)[1]["loss_val"], number) for number in range(runs) if OPTIMIZERS[number % 4] == OPTIMIZER]
    return [table_name(number) for loss, number in sorted(rows) if loss < LOSS_BELOW][:page]


def table_name(number: int) -> str:
    return f"t{number}"
