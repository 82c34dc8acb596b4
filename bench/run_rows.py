"""Runs to fill a run table with, and as many rows of them as wanted, written in bulk: 20 params and 10 metrics a run, no points."""

import random
from collections.abc import Iterator, Sequence
from typing import Any

import orjson
from sqlalchemy import Table as SqlTable
from sqlalchemy import insert

from store import projects
from store.database import Database
from store.search import leaves
from store.tables import Run, RunParam, RunTag, Series

OPTIMIZERS = ("adam", "sgd", "rmsprop", "adamw")
STATES = ("finished", "finished", "finished", "finished", "finished", "finished", "finished", "failed", "cancelled", "crashed")
METRICS = ("loss_val", *(f"m{number}" for number in range(9)))
SEEDS = 10
BATCH = 2_000
BEGAN = 1.79e9


def plain_run(number: int) -> tuple[dict[str, Any], dict[str, float]]:
    """The config and the last values of the run of that number: ten runs in a row differ in their seed alone."""
    group = number // SEEDS
    of_group, of_run = random.Random(1_000_003 * group + 17), random.Random(number)
    config: dict[str, Any] = {"optimizer": OPTIMIZERS[group % 4], "seed": number % SEEDS}
    config |= {f"p{k}": of_group.choice([0.1, 0.01, 32, 64, "relu", "gelu", True, group]) for k in range(18)}
    return config, {metric: of_run.random() for metric in METRICS}


def fill(db: Database, project: str, count: int) -> None:
    """`count` runs in bench/`project`; the statistics of the tables are as new as the rows."""
    with db.begin() as session:
        project_id = projects.find_or_add(session, "bench", project).id
    for start in range(0, count, BATCH):
        numbers = range(start, min(start + BATCH, count))
        with db.begin() as session:
            for table, rows in _rows(project, project_id, numbers).items():
                _write(session.connection(), table, rows)
    with db.engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
        connection.exec_driver_sql("VACUUM ANALYZE" if db.dialect == "postgresql" else "ANALYZE")


def run_id(project: str, number: int) -> str:
    return f"{project}{number:08d}"


def state(number: int) -> str:
    return STATES[number * 7 % 10]


def _rows(project: str, project_id: str, numbers: Sequence[int]) -> dict[Any, list[dict[str, Any]]]:
    found: dict[Any, list[dict[str, Any]]] = {Run: [], RunParam: [], RunTag: [], Series: []}
    for number in numbers:
        config, metrics = plain_run(number)
        name = run_id(project, number)
        found[Run].append(_run(name, project_id, number, config))
        found[RunParam] += leaves.rows(name, project_id, config)
        found[RunTag] += [{"run_id": name, "project_id": project_id, "tag": tag} for tag in _tags(number)]
        found[Series] += [_series(name, project_id, metric, value) for metric, value in metrics.items()]
    return found


def _tags(number: int) -> list[str]:
    return ["even"] * (number % 2 == 0) + ["rare"] * (number % 1000 == 0)


def _run(name: str, project_id: str, number: int, config: dict[str, Any]) -> dict[str, Any]:
    high, low = leaves.fingerprint(config)
    row: dict[str, Any] = {column.name: None for column in Run.__table__.columns}
    row |= {"id": name, "external_id": name, "project_id": project_id, "name": f"run {number}", "origin": "client", "state": state(number)}
    row |= {"config": config, "leaves_high": high, "leaves_low": low, "priority": 0, "attempt": 0, "archived": False, "notes": ""}
    return row | {"created_at": BEGAN + number, "started_at": BEGAN + number, "change": [], "tags": _tags(number), "digests": {}, "environment": {}}


def _series(name: str, project_id: str, metric: str, value: float) -> dict[str, Any]:
    sums = {"last": value, "min": value, "max": value, "min_step": 0, "max_step": 0}
    return {"run_id": name, "metric": metric, "project_id": project_id, "count": 1, "non_finite": 0, "first_step": 0, "last_step": 0, **sums}


def _write(connection: Any, table: Any, rows: list[dict[str, Any]]) -> None:
    if rows and connection.dialect.name == "postgresql":
        _copy(connection.connection.cursor(), table.__table__, rows)
    elif rows:
        connection.execute(insert(table), rows)


def _copy(cursor: Any, table: SqlTable, rows: list[dict[str, Any]]) -> None:
    names = list(rows[0])
    columns = ", ".join(f'"{name}"' for name in names)
    with cursor.copy(f"COPY {table.name} ({columns}) FROM STDIN") as copy:
        for row in _texts(rows, names):
            copy.write_row(row)


def _texts(rows: list[dict[str, Any]], names: list[str]) -> Iterator[list[Any]]:
    for row in rows:
        yield [orjson.dumps(row[name]).decode() if isinstance(row[name], dict | list) else row[name] for name in names]
