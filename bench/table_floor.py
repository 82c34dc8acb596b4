"""The floor of a run table: the same rows as keys and values in a bare SQLite file, joined along indexes, a hundred documents read."""

import sqlite3
from pathlib import Path

import orjson

from bench.run_rows import plain_run

TABLES = """
CREATE TABLE runs (id INTEGER PRIMARY KEY, name TEXT, doc TEXT);
CREATE TABLE params (run INTEGER, key TEXT, value, PRIMARY KEY (run, key)) WITHOUT ROWID;
CREATE TABLE latest (run INTEGER, key TEXT, value REAL, PRIMARY KEY (run, key)) WITHOUT ROWID;
"""
INDEXES = "CREATE INDEX of_params ON params (key, value, run); CREATE INDEX of_latest ON latest (key, value, run); ANALYZE;"
PAGE = """
SELECT r.name, r.doc FROM latest l JOIN params p ON p.run = l.run AND p.key = 'optimizer' AND p.value = 'adam' JOIN runs r ON r.id = l.run
WHERE l.key = 'loss_val' AND l.value < 0.5 ORDER BY l.value LIMIT 100
"""


def fill(file: Path, count: int) -> sqlite3.Connection:
    database = sqlite3.connect(file)
    database.executescript(TABLES)
    with database:
        for number in range(count):
            config, metrics = plain_run(number)
            database.execute(
                "INSERT INTO runs VALUES (?, ?, ?)", (number, f"run {number}", orjson.dumps({"config": config, "metrics": metrics}).decode())
            )
            database.executemany("INSERT INTO params VALUES (?, ?, ?)", [(number, key, value) for key, value in config.items()])
            database.executemany("INSERT INTO latest VALUES (?, ?, ?)", [(number, key, value) for key, value in metrics.items()])
    database.executescript(INDEXES)
    return database


def page(database: sqlite3.Connection) -> list[str]:
    """The names of the runs of the first page, their documents read."""
    return [name for name, _ in database.execute(PAGE).fetchall()]
