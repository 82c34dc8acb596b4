"""The admin key of a first start, and the one-time links that sign a browser in."""

import os
from pathlib import Path

from cli.preparation import Admin
from store import keys
from store.database import Database

SIGNIN_FOR_S = 3600.0


def prepare(db: Database, file: Path, renew: bool = False) -> Admin:
    """A key that can do everything, kept in `file` (mode 0600, the key alone), is made where there is none, or when `renew` asks for it."""
    with db.begin() as session:
        text = _read(file)
        key = keys.authenticate(session, text) if text else None
        new_key = None
        if renew or (key is None and not keys.any_admin(session)):
            new_key = keys.new_text()
            _write(file, new_key)  # before the commit: a key in the database that nobody knows would lock everybody out
            key, _ = keys.mint(session, "admin", "admin", text=new_key)
        signin = keys.new_ticket(session, key, "signin", SIGNIN_FOR_S) if key is not None else None
    return Admin(new_key, signin)


def _read(file: Path) -> str:
    try:
        return file.read_text().strip()
    except FileNotFoundError:
        return ""


def _write(file: Path, text: str) -> None:
    draft = file.with_suffix(".new")
    draft.unlink(missing_ok=True)
    with os.fdopen(os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w") as opened:
        opened.write(text)
        opened.flush()
        os.fsync(opened.fileno())
    draft.replace(file)
