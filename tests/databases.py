"""Migrated PostgreSQL databases, lent to one test after another: emptying one costs a fiftieth of making one."""

from pathlib import Path
from typing import Any

import psycopg
import pytest
from psycopg import sql
from servers import Postgres

TEMPLATE = "template_runtwice"
MOST_GROWTH_BYTES = 4 << 20

# What a test that changes tables, and not only rows, leaves behind; no vacuum changes any of it.
SHAPE = """
    SELECT (SELECT array_agg((oid, relname, relnatts, relchecks, reloptions)::text ORDER BY oid) FROM pg_class WHERE relkind IN ('r', 'i', 'v', 'S')),
           (SELECT array_agg((attrelid, attnum, attname, atttypid, attnotnull)::text ORDER BY attrelid, attnum) FROM pg_attribute),
           (SELECT array_agg(oid ORDER BY oid) FROM pg_constraint),
           (SELECT array_agg(oid ORDER BY oid) FROM pg_trigger),
           (SELECT array_agg(oid ORDER BY oid) FROM pg_proc),
           (SELECT array_agg(s::text) FROM pg_db_role_setting AS s)
"""
ALONE = "SELECT pg_terminate_backend(pid, 10000) FROM pg_stat_activity WHERE datname = current_database() AND pid <> pg_backend_pid()"


def of_a_file(request: pytest.FixtureRequest, folder: Path, name: str) -> str:
    """The URL of a database that the tests of one file share, of the kind that the fixture's parameter says; a PostgreSQL one is new and migrated."""
    if request.param == "sqlite":
        return f"sqlite:///{folder / 'runtwice.db'}"
    server: Postgres = request.getfixturevalue("postgres")
    server.execute(f"CREATE DATABASE {name} TEMPLATE {TEMPLATE}")
    return server.url(name)


class Databases:
    """The databases of one server that no test holds now."""

    def __init__(self, server: Postgres) -> None:
        self._server = server
        self._free: list[str] = []
        self._made = 0
        with self._connect(TEMPLATE) as template:
            tables = [name for (name,) in template.execute("SELECT tablename FROM pg_tables WHERE schemaname = 'public'")]
            self._rows = {name: template.execute(sql.SQL("SELECT * FROM {}").format(sql.Identifier(name))).fetchall() for name in tables}
            self._sequences = [name for (name,) in template.execute("SELECT sequencename FROM pg_sequences WHERE schemaname = 'public'")]
            self._size_bytes = self._size(template)
        self._shapes: dict[str, Any] = {}

    def lend(self) -> str:
        """The name of a database that holds what the migrations put there and nothing else."""
        return self._free.pop() if self._free else self._make()

    def give_back(self, name: str) -> None:
        """Ends who is still connected. One that grew much, or whose tables are no longer the migrations', is not lent again."""
        with self._connect(name) as database:
            database.execute(ALONE)
            as_made = database.execute(SHAPE).fetchone() == self._shapes[name]
            if as_made and self._size(database) < self._size_bytes + MOST_GROWTH_BYTES:
                self._empty(database)
                self._free.append(name)
                return
        self._server.execute(f"DROP DATABASE {name} WITH (FORCE)")

    def _make(self) -> str:
        self._made += 1
        name = f"test_{self._made}"
        self._server.execute(f"CREATE DATABASE {name} TEMPLATE {TEMPLATE}")
        with self._connect(name) as database:
            self._shapes[name] = database.execute(SHAPE).fetchone()
        return name

    def _empty(self, database: psycopg.Connection[Any]) -> None:
        with database.transaction():
            database.execute("SET LOCAL session_replication_role = replica")  # in any order, whatever refers to whatever
            for name, rows in self._rows.items():
                table = sql.Identifier(name)
                database.execute(sql.SQL("DELETE FROM {}").format(table))
                for row in rows:
                    values = sql.SQL(", ").join(sql.Placeholder() * len(row))
                    database.execute(sql.SQL("INSERT INTO {} VALUES ({})").format(table, values), row)
            for name in self._sequences:
                database.execute(sql.SQL("ALTER SEQUENCE {} RESTART").format(sql.Identifier(name)))

    def _connect(self, name: str) -> psycopg.Connection[Any]:
        return psycopg.connect(host="127.0.0.1", port=self._server.port, user="runtwice", dbname=name, autocommit=True)

    @staticmethod
    def _size(database: psycopg.Connection[Any]) -> int:
        found = database.execute("SELECT pg_database_size(current_database())").fetchone()
        return int(found[0]) if found else 0
