"""Moves a database's tables from one version of Runtwice to another, in one transaction; of two that try at once, one waits.

A database without tables is given those of the newest version at once: one version after the other takes six times as long, while somebody waits for
the first start. A test holds the two ways equal.
"""

from pathlib import Path
from typing import TYPE_CHECKING

from sqlalchemy import Connection, insert, inspect, make_url, text

import migrations
from store import pending
from store.database import Database, connect
from store.tables import TRASH, Project, Table

if TYPE_CHECKING:  # elsewhere imported where it is used: the API asks for no version before it is asked whether it is ready
    from alembic.config import Config

ADVISORY_LOCK = 7_290_117  # any number that no other program on the same PostgreSQL uses


def upgrade(url: str, to: str = "head") -> str:
    """The version the database is at now. Makes the SQLite file's folder when it is missing."""
    return _move(url, to, up=True)


def downgrade(url: str, to: str) -> str:
    """The version the database is at now; `to` is a version, "base", or "-1". Points that wait are sealed first: older tables know segments only."""
    db = connect(url)
    try:
        if current(db) == head():
            with db.begin() as session:
                pending.seal_all(session.connection())
    finally:
        db.close()
    return _move(url, to, up=False)


def head() -> str:
    """The version this program needs."""
    from alembic.script import ScriptDirectory

    return ScriptDirectory.from_config(_config()).get_current_head() or ""


def current(db: Database) -> str:
    """The version the database is at; empty for a database without tables."""
    from alembic.runtime.migration import MigrationContext

    with db.engine.connect() as connection:
        return MigrationContext.configure(connection).get_current_revision() or ""


def _move(url: str, to: str, up: bool) -> str:
    from alembic import command

    file = make_url(url).database
    if url.startswith("sqlite") and file:
        Path(file).parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    db = connect(url)
    try:
        with db.begin() as session:
            if db.dialect == "postgresql":
                session.execute(text(f"SELECT pg_advisory_xact_lock({ADVISORY_LOCK})"))
            config = _config()
            connection = config.attributes["connection"] = session.connection()
            if up and to == "head" and not inspect(connection).get_table_names():
                _make(connection, config)
            else:
                (command.upgrade if up else command.downgrade)(config, to)
        return current(db)
    finally:
        db.close()


def _make(connection: Connection, config: "Config") -> None:
    """The newest version's tables, where there are none."""
    from alembic.runtime.migration import MigrationContext
    from alembic.script import ScriptDirectory

    Table.metadata.create_all(connection, checkfirst=False)
    connection.execute(insert(Project).values(id=TRASH, entity="", name="", created_at=0.0))
    MigrationContext.configure(connection).stamp(ScriptDirectory.from_config(config), "head")


def _config() -> "Config":
    from alembic.config import Config

    config = Config()
    config.set_main_option("script_location", str(Path(migrations.__file__).parent).replace("%", "%%"))
    config.set_main_option("path_separator", "os")
    return config
