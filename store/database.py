"""Connections: SQLite (WAL, every commit fsynced) or PostgreSQL behind the same two verbs."""

import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from sqlalchemy import Double, Engine, create_engine, event
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.ext.compiler import compiles
from sqlalchemy.orm import Session
from sqlalchemy.sql.functions import FunctionElement

BUSY_TIMEOUT_S = 30


class now(FunctionElement[float]):
    """The database's clock in seconds since the epoch: the one clock that leases are measured with."""

    type = Double()
    inherit_cache = True


@compiles(now, "sqlite")
def _now_sqlite(element: now, compiler: Any, **kw: Any) -> str:
    return "runtwice_now()"


@compiles(now, "postgresql")
def _now_postgresql(element: now, compiler: Any, **kw: Any) -> str:
    return "EXTRACT(EPOCH FROM clock_timestamp())::double precision"


class Database:
    """A pool of connections.

    with db.begin() as session:   # a writing transaction, committed at the end, durable when the block is left
    with db.read() as session:    # a snapshot to read from; nothing written in it is kept
    """

    def __init__(self, engine: Engine) -> None:
        self.engine = engine
        self._writing = engine.execution_options(runtwice_writes=True)

    @property
    def dialect(self) -> str:
        return self.engine.dialect.name

    @contextmanager
    def begin(self) -> Iterator[Session]:
        with Session(self._writing, expire_on_commit=False) as session, session.begin():
            yield session

    @contextmanager
    def read(self) -> Iterator[Session]:
        with Session(self.engine, expire_on_commit=False) as session:
            yield session

    def close(self) -> None:
        self.engine.dispose()


def connect(url: str, pool_size: int = 10) -> Database:
    """A database for `url`. Nothing is opened before the first use, and no table is made: that is what the migrations do."""
    if url.startswith("sqlite"):
        engine = create_engine(
            url, connect_args={"timeout": BUSY_TIMEOUT_S, "check_same_thread": False}, pool_size=pool_size, max_overflow=20, hide_parameters=True
        )
        event.listen(engine, "connect", _prepare_sqlite)
        event.listen(engine, "begin", _begin_sqlite)
        return Database(engine)
    engine = create_engine(url, pool_size=pool_size, max_overflow=20, pool_pre_ping=True, hide_parameters=True, connect_args={"connect_timeout": 5})
    return Database(engine)


def insert_into(session: Session, table: Any) -> Any:
    """The dialect's INSERT, which knows ON CONFLICT; both dialects spell it the same."""
    return (postgresql.insert if session.get_bind().dialect.name == "postgresql" else sqlite.insert)(table)


def _prepare_sqlite(connection: Any, _record: Any) -> None:
    connection.create_function("runtwice_now", 0, time.time)  # SQLite's own clock, the same machine's, counts whole milliseconds
    connection.isolation_level = None  # the driver must not begin transactions of its own: _begin_sqlite does
    for pragma in ("journal_mode=WAL", "synchronous=FULL", "foreign_keys=ON", f"busy_timeout={BUSY_TIMEOUT_S * 1000}", "temp_store=MEMORY"):
        connection.execute(f"PRAGMA {pragma}")


def _begin_sqlite(connection: Any) -> None:
    # A transaction that reads first and writes later fails with "database is locked" at once, busy timeout or not:
    # whoever is going to write takes the write lock at the start.
    writes = connection.get_execution_options().get("runtwice_writes", False)
    connection.exec_driver_sql("BEGIN IMMEDIATE" if writes else "BEGIN")
