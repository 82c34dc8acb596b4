"""Runs that agree on some keys, as one group each: how many there are and how their metrics spread."""

import math
import statistics
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

import orjson
from sqlalchemy import select
from sqlalchemy.orm import Session

from analysis.leaves import leaves
from store.search.conditions import text_of
from store.search.keys import Key
from store.search.leaves import plain
from store.search.table import Scope
from store.tables import Run, Series

MOST_RUNS = 20_000
RUNS_SHOWN = 100
BATCH = 500


class TooManyRuns(Exception):
    """More runs than are put into groups at once."""


@dataclass(frozen=True)
class Spread:
    """Of the finite last values of a metric; `sd` is of a sample, None for one value."""

    mean: float
    sd: float | None
    min: float
    max: float
    n: int


@dataclass
class Group:
    """`key` is what its runs agree on, by path; None where they have no value. Runs in order of age."""

    key: dict[str, Any]
    first: tuple[float, str]
    run_ids: list[str] = field(default_factory=list)
    metrics: dict[str, Spread] = field(default_factory=dict)


def by_keys(session: Session, scope: Scope, keys: Sequence[Key]) -> list[Group]:
    """The groups in order of their oldest run; `keys` are fields and leaves of the config. Raises TooManyRuns."""
    fields = [text_of(key.name) if not key.is_number else getattr(Run, key.name) for key in keys if key.root == "field"]
    shown = [key.name for key in keys if key.root == "field"]

    def key_of(row: Any) -> dict[str, Any]:
        given, config = dict(zip(shown, row[3:], strict=True)), leaves(row.config)
        return {_shown(key): given[key.name] if key.root == "field" else config.get(key.name) for key in keys}

    return _grouped(session, scope, fields, key_of)


def all_but(session: Session, scope: Scope, left_out: Sequence[str]) -> list[Group]:
    """Groups that agree on the whole config but these paths and what lies below them. Raises TooManyRuns."""

    def key_of(row: Any) -> dict[str, Any]:
        kept = leaves(row.config).items()
        return {f"config.{path}": value for path, value in kept if not any(path == out or path.startswith(out + ".") for out in left_out)}

    return _grouped(session, scope, [], key_of)


def add_metrics(session: Session, groups: Sequence[Group], metrics: Sequence[str] | None) -> None:
    """Spreads of the last values; `metrics` None is all that the runs have."""
    for group in groups:
        found: dict[str, list[float]] = {}
        for start in range(0, len(group.run_ids), BATCH):
            query = select(Series.metric, Series.last).where(Series.run_id.in_(group.run_ids[start : start + BATCH]))
            if metrics is not None:
                query = query.where(Series.metric.in_(metrics))
            for metric, last in session.execute(query):
                if math.isfinite(last):
                    found.setdefault(metric, []).append(last)
        group.metrics = {metric: _spread(found[metric]) for metric in sorted(found)}


def _grouped(session: Session, scope: Scope, fields: Sequence[Any], key_of: Any) -> list[Group]:
    query = select(Run.id, Run.created_at, Run.config, *fields).where(*scope.conditions()).order_by(Run.created_at, Run.id)
    groups: dict[bytes, Group] = {}
    for count, row in enumerate(session.execute(query.limit(MOST_RUNS + 1).execution_options(yield_per=BATCH))):
        if count == MOST_RUNS:
            raise TooManyRuns
        key = key_of(row)
        same = orjson.dumps([[path, None if value is None else plain(value)] for path, value in sorted(key.items())])
        groups.setdefault(same, Group(key, (row.created_at, row.id))).run_ids.append(row.id)
    return list(groups.values())


def _shown(key: Key) -> str:
    return f"config.{key.name}" if key.root == "config" else key.name


def _spread(values: Sequence[float]) -> Spread:
    """Sums are exact, so that the order of the runs changes no bit and the largest values do not overflow."""
    return Spread(statistics.mean(values), _deviation(values), min(values), max(values), len(values))


def _deviation(values: Sequence[float]) -> float | None:
    if len(values) < 2:
        return None
    try:
        return statistics.stdev(values)
    except OverflowError:
        return math.inf
