"""`runtwice migrate`: bring the database's tables to the version this program needs."""

from pathlib import Path
from typing import Annotated

import typer

from cli.errors import CliError
from cli.terminal import Json, terminal


def migrate(
    to: Annotated[str, typer.Option(help="A version, or head.")] = "head",
    down: Annotated[
        bool, typer.Option("--down", help="Go back to an older version (--to VERSION, -1 or base); what it did not know is lost.")
    ] = False,
    admin_key: Annotated[bool, typer.Option("--admin-key", help="Where there is no admin key yet, make one, in the data folder.")] = False,
    as_json: Json = False,
) -> None:
    """Bring the database's tables to the version this program needs.

    `runtwice up` does it by itself.
    """
    from cli.settings import load

    if down and to == "head":
        raise CliError("To go down, say where to.", "For example: runtwice migrate --down --to -1")
    settings = load()
    version = bring_up_to_date(settings.database, to, down)
    if admin_key:
        _make_admin_key(settings.database, settings.data_dir / "admin.key")
    document = {"version": version or None, "to": to}
    terminal.answer(document, lambda: f"The database is at version {version or 'none: it has no tables'}.")


def _make_admin_key(url: str, file: Path) -> None:
    """Written to the file and nowhere else: what this prints may end in a log that others read."""
    from cli.admin_key import prepare
    from store.database import connect

    file.parent.mkdir(parents=True, exist_ok=True)
    db = connect(url)
    try:
        if prepare(db, file).new_key is not None and not terminal.as_json:
            terminal.text(f"The first admin key was written to {file}.")
    finally:
        db.close()


def bring_up_to_date(url: str, to: str = "head", down: bool = False) -> str:
    """The version the database is at now. Raises CliError when it is out of reach or made by a newer program."""
    from alembic.util import CommandError
    from sqlalchemy import make_url
    from sqlalchemy.exc import SQLAlchemyError

    from store import migrate

    try:
        shown = make_url(url).render_as_string(hide_password=True)
        return (migrate.downgrade if down else migrate.upgrade)(url, to)
    except CommandError as error:
        todo = (
            "The database may have been made by a newer Runtwice: upgrade this one." if not down and to == "head" else "Ask for a version it knows."
        )
        raise CliError(f"The tables of {shown} could not be brought to version {to}: {error}.", todo) from error
    except (SQLAlchemyError, OSError) as error:
        cause = str(getattr(error, "orig", None) or error).strip().splitlines()[0]
        raise CliError(f"The database cannot be used: {cause}", "Check RUNTWICE_DATABASE_URL, and that the server runs.") from error
