"""`python -m cli.preparation`: what `runtwice up` does in the database before the service is there, in a process that does not stay.

Reads a JSON object from its stdin and writes one to stdout: the admin, or what went wrong. Given a node's name it then waits until a worker of
that name takes runs, and says so. It ends when its stdin does.
"""

import json
import sys
import time
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING, Any, Self

from cli.child import Child
from cli.errors import CliError

if TYPE_CHECKING:
    from store.database import Database

POLL_S = 0.05


@dataclass(frozen=True)
class Admin:
    """`new_key` is its text when it was made just now, to be shown once; `signin` is a ticket, None without a key at hand."""

    new_key: str | None
    signin: str | None


@dataclass(frozen=True)
class Asked:
    """`node` is the worker to wait for; empty for none."""

    database: str
    key_file: str
    new_key: bool
    node: str


class Preparation(Child):
    """The process as `runtwice up` sees it, while the block lasts. What it prints comes over a pipe: a key belongs in no log."""

    def __init__(self, asked: Asked, env: Mapping[str, str], log: Path) -> None:
        super().__init__("preparation of the database", [sys.executable, "-m", "cli.preparation"], env, log, waits=True, is_heard=True)
        self._asked = asked
        self._heard = b""
        self._admin: Admin | None = None

    def __enter__(self) -> Self:
        self.start()
        self.say(json.dumps(asdict(self._asked)).encode() + b"\n")
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        self.kill_group()  # what it had begun and not committed is undone

    @property
    def admin(self) -> Admin:
        """What `is_done` has heard of."""
        assert self._admin is not None
        return self._admin

    def is_done(self) -> bool:
        """Whether the tables and the admin are there. Raises CliError when they cannot be."""
        answer = self._answer()
        if answer is None:
            return False
        if "error" in answer:
            raise CliError(answer["error"], answer["todo"])
        self._admin = Admin(**answer)
        return True

    def has_seen_the_worker(self) -> bool:
        return self._answer() is not None

    def _answer(self) -> Any:
        """What it said next; None as long as it has said nothing."""
        self._heard += self.hear()
        line, end, rest = self._heard.partition(b"\n")
        if not end:
            return None
        self._heard = rest
        return json.loads(line)


def main() -> None:
    try:
        _prepare(Asked(**json.loads(sys.stdin.readline())))
    except CliError as error:
        _tell({"error": error.sentence, "todo": error.todo})
    sys.stdin.read()


def _prepare(asked: Asked) -> None:
    """Raises CliError."""
    from sqlalchemy import select

    from cli.admin_key import prepare
    from cli.migrate import bring_up_to_date
    from store.database import connect, now

    bring_up_to_date(asked.database)
    db = connect(asked.database, pool_size=1)
    try:
        admin = prepare(db, Path(asked.key_file), renew=asked.new_key)
        with db.read() as session:
            since = session.scalar(select(now())) or 0.0
        _tell(asdict(admin))
        while asked.node and not _takes_runs(db, asked.node, since):
            time.sleep(POLL_S)
        _tell({})
    finally:
        db.close()


def _takes_runs(db: "Database", node: str, since: float) -> bool:
    """Whether a worker has said in the database that it does."""
    from sqlalchemy import select

    from store.tables import Node

    with db.read() as session:
        return session.scalar(select(Node.name).where(Node.name == node, Node.heartbeat_at >= since)) is not None


def _tell(document: Mapping[str, Any]) -> None:
    sys.stdout.write(json.dumps(document) + "\n")
    sys.stdout.flush()


if __name__ == "__main__":
    main()
