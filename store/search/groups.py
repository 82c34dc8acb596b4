"""Runs that agree on some keys, as one group each: how many there are and how their metrics spread.

Whole configs are compared by the fingerprints that stand with the runs (see leaves.py): to leave a path out is to take its leaf's
mark out of the fingerprint. No config is read but those of the groups that are shown.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any

from sqlalchemy import and_, func, or_, select
from sqlalchemy.orm import Session

from analysis.leaves import leaves
from analysis.spread import Spread, spread
from store.search import table
from store.search.conditions import text_of
from store.search.keys import Key
from store.search.leaves import HEAD, mark
from store.search.subject import PARAMS, RUNS, SERIES
from store.search.table import Scope

MOST_RUNS = 1_000_000
RUNS_SHOWN = 100
BATCH = 1_000
Leaf = tuple[float | None, str | None]


class TooManyRuns(Exception):
    """More runs than are put into groups at once."""


@dataclass
class Group:
    """`key` is what its runs agree on, by path; None where they have no value. Runs in order of age."""

    first: tuple[float, str]
    run_ids: list[str]
    fields: tuple[Any, ...] = ()
    key: dict[str, Any] = field(default_factory=dict)
    metrics: dict[str, Spread] = field(default_factory=dict)


def by_keys(session: Session, scope: Scope, keys: Sequence[Key]) -> list[Group]:
    """The groups in order of their oldest run; `keys` are fields and leaves of the config. Raises TooManyRuns."""
    runs = table.Rows.of(session, scope)
    names = [key for key in keys if key.root == "field"]
    rows = _rows(session, runs, [RUNS.c[key.name] if key.is_number else text_of(key.name, RUNS) for key in names])
    held = [{run_id: leaf for run_id, _, leaf in _leaves(session, runs, key.name, below=False)} for key in keys if key.root == "config"]
    return _grouped(rows, lambda row: (row[2:], *(leaf.get(row[1]) for leaf in held)))


def all_but(session: Session, scope: Scope, left_out: Sequence[str]) -> list[Group]:
    """Groups that agree on the whole config but these paths and what lies below them. Raises TooManyRuns."""
    runs = table.Rows.of(session, scope)
    rows = _rows(session, runs, [RUNS.c.leaves_high, RUNS.c.leaves_low])
    taken: dict[str, tuple[int, int]] = {}
    marks: dict[tuple[str, Leaf], tuple[int, int]] = {}
    for path in _outermost(left_out):
        for run_id, at, leaf in _leaves(session, runs, path, below=True):
            of_leaf = marks.get((at, leaf)) or marks.setdefault((at, leaf), mark(at, *leaf))
            before = taken.get(run_id)
            taken[run_id] = of_leaf if before is None else (before[0] ^ of_leaf[0], before[1] ^ of_leaf[1])
    nothing = (0, 0)

    def key_of(row: Any) -> tuple[int, int]:
        high, low = taken.get(row[1], nothing)
        return row[2] ^ high, row[3] ^ low

    return _grouped(rows, key_of)


def describe(session: Session, groups: Sequence[Group], keys: Sequence[Key], left_out: Sequence[str]) -> None:
    """Fill in the keys of the groups: from the config of the first run of each."""
    configs: dict[str, dict[str, Any]] = {}
    for batch in _batches([group.first[1] for group in groups]):
        configs |= {row.id: leaves(row.config) for row in session.execute(select(RUNS.c.id, RUNS.c.config).where(RUNS.c.id.in_(batch)))}
    for group in groups:
        config = configs.get(group.first[1], {})
        if keys:
            fields = iter(group.fields)
            group.key = {_shown(key): next(fields) if key.root == "field" else config.get(key.name) for key in keys}
        else:
            group.key = {f"config.{path}": value for path, value in config.items() if not any(_is_in(path, out) for out in left_out)}


def add_metrics(session: Session, groups: Sequence[Group], metrics: Sequence[str] | None) -> None:
    """Spreads of the last values; `metrics` None is all that the runs have."""
    place = {run_id: index for index, group in enumerate(groups) for run_id in group.run_ids}
    found: list[dict[str, list[float]]] = [{} for _ in groups]
    query = select(SERIES.c.run_id, SERIES.c.metric, SERIES.c.last).where(SERIES.c.last.is_not(None))
    if metrics is not None:
        query = query.where(SERIES.c.metric.in_(metrics))
    for batch in _batches(list(place)):
        for run_id, metric, last in session.connection().execute(query.where(SERIES.c.run_id.in_(batch))):
            found[place[run_id]].setdefault(metric, []).append(last)
    for group, values in zip(groups, found, strict=True):
        spreads = {metric: spread(values[metric]) for metric in sorted(values)}
        group.metrics = {metric: each for metric, each in spreads.items() if each is not None}


def _rows(session: Session, runs: table.Rows, columns: Sequence[Any]) -> list[Any]:
    """(created_at, id, *columns) of each run, in order of age. Raises TooManyRuns."""
    rows = session.connection().execute(runs.select(RUNS.c.created_at, RUNS.c.id, *columns).limit(MOST_RUNS + 1)).all()
    if len(rows) > MOST_RUNS:
        raise TooManyRuns
    return sorted(rows, key=lambda row: (row[0], row[1]))


def _leaves(session: Session, runs: table.Rows, path: str, below: bool) -> Iterator[tuple[str, str, Leaf]]:
    """(run, path, leaf) of all that stand at the path, or below it too."""
    at = PARAMS.c.path == path
    if below:
        at = or_(at, and_(PARAMS.c.path > path + ".", PARAMS.c.path < path + "/"))
    numbers = runs.narrowed(select(PARAMS.c.run_id, PARAMS.c.path, PARAMS.c.number).where(at, PARAMS.c.number.is_not(None)), PARAMS)
    for run_id, where, number in session.connection().execute(numbers):
        yield run_id, where, (number + 0.0, None)
    heads = runs.narrowed(select(PARAMS.c.run_id, PARAMS.c.path, PARAMS.c.head).where(at, PARAMS.c.head.is_not(None)), PARAMS)
    long = []
    for run_id, where, head in session.connection().execute(heads):
        if len(head) < HEAD:
            yield run_id, where, (None, head)
        else:
            long.append(run_id)
    whole = select(PARAMS.c.run_id, PARAMS.c.path, func.coalesce(PARAMS.c.text, PARAMS.c.head)).where(at, func.length(PARAMS.c.head) >= HEAD)
    for batch in _batches(long):
        for run_id, where, text in session.connection().execute(whole.where(PARAMS.c.run_id.in_(batch))):
            yield run_id, where, (None, text)


def _grouped(rows: Sequence[Any], key_of: Any) -> list[Group]:
    groups: dict[Any, Group] = {}
    for row in rows:
        key = key_of(row)
        group = groups.get(key)
        if group is None:
            groups[key] = Group((row[0], row[1]), [row[1]], tuple(row[2:]))
        else:
            group.run_ids.append(row[1])
    return list(groups.values())


def _outermost(paths: Sequence[str]) -> list[str]:
    """Without those that lie in another one: no leaf may be taken out twice."""
    return [path for path in dict.fromkeys(paths) if not any(path != other and _is_in(path, other) for other in paths)]


def _is_in(path: str, other: str) -> bool:
    return path == other or path.startswith(other + ".")


def _batches(ids: Sequence[str]) -> Iterator[Sequence[str]]:
    return (ids[start : start + BATCH] for start in range(0, len(ids), BATCH))


def _shown(key: Key) -> str:
    return f"config.{key.name}" if key.root == "config" else key.name
