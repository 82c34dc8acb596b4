"""Connections: SQLite (WAL, every commit fsynced) or PostgreSQL behind the same two verbs."""

import time
from collections.abc import Callable, Collection, Iterator, Sequence
from contextlib import contextmanager
from functools import lru_cache
from typing import Any

from sqlalchemy import Connection, Double, Engine, create_engine, event
from sqlalchemy import exc as sql
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.ext.compiler import compiles
from sqlalchemy.orm import Session
from sqlalchemy.sql.functions import FunctionElement

BUSY_TIMEOUT_S = 30
PRAGMAS = (
    "journal_mode=WAL",
    "synchronous=FULL",
    "wal_autocheckpoint=4000",  # pages: blocks that are sealed within 16 MB of writing never reach the database's file
    "foreign_keys=ON",
    f"busy_timeout={BUSY_TIMEOUT_S * 1000}",
    "temp_store=MEMORY",
)
WRITTEN = "runtwice_written"
_BINARY: dict[str, dict[str, Any]] = {"postgresql": {"binary": True}}  # as text, bytes would come and go as twice as many hexadecimal digits
NOW = {"sqlite": "runtwice_now()", "postgresql": "EXTRACT(EPOCH FROM clock_timestamp())::double precision"}


class now(FunctionElement[float]):
    """The database's clock in seconds since the epoch: the one clock that leases are measured with."""

    type = Double()
    inherit_cache = True


@compiles(now)
def _now(element: now, compiler: Any, **kw: Any) -> str:
    return NOW[compiler.dialect.name]


class Database:
    """A pool of connections.

    with db.begin() as session:   # a writing transaction, committed at the end, durable when the block is left
    with db.read() as session:    # a snapshot to read from; nothing written in it is kept
    """

    def __init__(self, engine: Engine) -> None:
        self.engine = engine
        self.on_written: list[Callable[[Collection[str]], None]] = []
        self._writing = engine.execution_options(runtwice_writes=True)
        # What is read in several statements must be of one moment, as it is in SQLite by itself.
        alike = {"isolation_level": "REPEATABLE READ", "postgresql_readonly": True}
        self._reading = engine if engine.dialect.name == "sqlite" else engine.execution_options(**alike)

    @property
    def dialect(self) -> str:
        return self.engine.dialect.name

    @contextmanager
    def begin(self) -> Iterator[Session]:
        with Session(self._writing, expire_on_commit=False) as session:
            with session.begin():
                yield session
                written = _taken(session.connection()) if session.in_transaction() else set()
            self._tell(written)

    @contextmanager
    def read(self) -> Iterator[Session]:
        with Session(self._reading, expire_on_commit=False) as session:
            yield session
            if self.dialect == "postgresql" and not (session.in_transaction() and session.connection().invalidated):
                session.commit()  # nothing was written; a ROLLBACK would have the driver forget the statements it has prepared

    def writer(self) -> Connection:
        """A connection to keep for many writing transactions, each `with connection.begin():`."""
        return self._writing.connect()

    def direct_writer(self) -> Connection:
        """A connection to keep for statements that are transactions of their own and find rows by their keys, however few there are: PostgreSQL would
        read a small table from end to end, which soon is full of rows that were replaced."""
        connection = self.engine.connect().execution_options(isolation_level="AUTOCOMMIT")
        connection.detach()  # nobody else plans like this
        for way in ("seqscan", "bitmapscan", "hashjoin", "mergejoin"):
            fetch(connection, "SELECT set_config(?, 'off', false)", (f"enable_{way}",))
        return connection

    def impatient_writer(self) -> Connection:
        """A writer of SQLite for who may not wait: another's transaction is an error at once, and no commit copies the log into the file."""
        connection = self._writing.connect()
        connection.detach()  # nobody else is given one that is so impatient
        for pragma in ("busy_timeout=0", "wal_autocheckpoint=0"):
            fetch(connection, f"PRAGMA {pragma}")
        return connection

    def tell(self, connection: Connection) -> None:
        """Let those who listen know which runs a writer's transactions wrote to; after the commit."""
        self._tell(_taken(connection))

    def close(self) -> None:
        """Closes every connection: what a thread still works with is closed when it gives it back."""
        event.listen(self.engine, "checkin", lambda _connection, record: record.invalidate())
        self.engine.dispose()

    def _tell(self, written: Collection[str]) -> None:
        for listen in self.on_written if written else ():
            listen(written)


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
    event.listen(engine, "connect", _prepare_postgresql)
    return Database(engine)


def note_written(connection: Connection, run_ids: Collection[str]) -> None:
    """These runs were written to; whoever listens (Database.on_written) hears of it after the commit, and in vain after a rollback."""
    connection.info.setdefault(WRITTEN, set()).update(run_ids)


def insert_into(session: Session, table: Any) -> Any:
    """The dialect's INSERT, which knows ON CONFLICT; both dialects spell it the same."""
    return (postgresql.insert if session.get_bind().dialect.name == "postgresql" else sqlite.insert)(table)


def fetch(connection: Connection, text: str, values: Sequence[Any] = ()) -> list[Any]:
    """The rows of a query with ? for its parameters, as tuples.

    By the driver itself, as are `ask` and `write`: for what is asked thousands of times a second, SQLAlchemy takes longer than the database.
    """
    return ask(connection, text, values)()


def ask(connection: Connection, text: str, values: Sequence[Any] = ()) -> Callable[[], list[Any]]:
    """What gives the rows of a query, when they are needed: in a pipeline several questions travel together."""
    cursor = _driven(connection, text, lambda cursor, query: cursor.execute(query, values))

    def rows() -> list[Any]:
        try:
            return cursor.fetchall()  # type: ignore[no-any-return]
        except connection.dialect.loaded_dbapi.Error as error:
            raise _known(connection, error) from error
        finally:
            cursor.close()

    return rows


def write(connection: Connection, text: str, rows: Sequence[Sequence[Any]]) -> None:
    """Execute a statement with ? for its parameters for each of the rows."""
    if rows:
        many = len(rows) > 1
        _driven(connection, text, lambda cursor, query: cursor.executemany(query, rows) if many else cursor.execute(query, rows[0])).close()


@contextmanager
def pipelined(connection: Connection) -> Iterator[None]:
    """Statements of `write` and `ask` are sent without waiting for each other, where the database lies behind a network."""
    if connection.dialect.name == "sqlite":
        yield
        return
    try:
        with connection.connection.driver_connection.pipeline():  # type: ignore[union-attr]
            yield
    except connection.dialect.loaded_dbapi.Error as error:
        raise _known(connection, error) from error


def _driven(connection: Connection, text: str, act: Callable[[Any, str], Any]) -> Any:
    """The cursor with which `act` was done."""
    cursor = connection.connection.cursor(**_BINARY.get(connection.dialect.name, {}))
    try:
        act(cursor, _for_driver(connection.dialect.name, text))
    except connection.dialect.loaded_dbapi.Error as error:
        cursor.close()
        raise _known(connection, error) from error
    return cursor


def _known(connection: Connection, error: Exception) -> Exception:
    """The driver's error as SQLAlchemy's, which is what is known everywhere else; the connection is given up when it is broken."""
    dialect = connection.dialect
    gone = not connection.invalidated and dialect.is_disconnect(error, connection.connection.driver_connection, None)  # type: ignore[arg-type]
    if gone:
        connection.invalidate(error)
    return sql.DBAPIError.instance(None, None, error, dialect.loaded_dbapi.Error, True, gone, dialect)


def in_list(length: int) -> str:
    """The parentheses of IN for so many parameters; at least one, as an empty list is no SQL."""
    return f"({', '.join('?' * length)})" if length else "(NULL)"


def _taken(connection: Connection) -> set[str]:
    found: set[str] = connection.info.pop(WRITTEN, set())
    return found


@lru_cache(1000)
def _for_driver(dialect: str, text: str) -> str:
    return text if dialect == "sqlite" else text.replace("?", "%s")


def _prepare_sqlite(connection: Any, _record: Any) -> None:
    connection.create_function("runtwice_now", 0, time.time)  # SQLite's own clock, the same machine's, counts whole milliseconds
    connection.isolation_level = None  # the driver must not begin transactions of its own: _begin_sqlite does
    for pragma in PRAGMAS:
        connection.execute(f"PRAGMA {pragma}")


def _prepare_postgresql(connection: Any, _record: Any) -> None:
    """What the server or the role may have switched off is on here: an acknowledged write is on the disk."""
    connection.execute("SELECT set_config('synchronous_commit', 'on', false) WHERE current_setting('synchronous_commit') = 'off'")
    connection.commit()


def _begin_sqlite(connection: Any) -> None:
    # A transaction that reads first and writes later fails with "database is locked" at once, busy timeout or not:
    # whoever is going to write takes the write lock at the start.
    writes = connection.get_execution_options().get("runtwice_writes", False)
    write(connection, "BEGIN IMMEDIATE" if writes else "BEGIN", [()])
