"""Whether what is committed is on the disk: what an acknowledgement promises."""

from sqlalchemy.orm import Session

from store.database import fetch

SAFE_MODES = (2, 3)  # FULL and EXTRA


def weakness(session: Session) -> str | None:
    """Why a commit may be lost when the machine stops; None when it cannot be.

    Sources: SQLite, "PRAGMA synchronous"; PostgreSQL, "Write Ahead Log", settings.
    """
    connection = session.connection()
    if connection.dialect.name == "sqlite":
        ((mode,),) = fetch(connection, "PRAGMA synchronous")
        return None if mode in SAFE_MODES else f"SQLite runs with synchronous={mode}, not FULL"
    asked = "SELECT name, setting FROM pg_settings WHERE name IN ('fsync', 'synchronous_commit', 'full_page_writes') AND setting = 'off'"
    off = sorted(name for name, _ in fetch(connection, asked))
    return f"PostgreSQL runs with {', '.join(f'{name}=off' for name in off)}" if off else None
