"""The runs of a page as plain rows: what a list shows of them, gathered with one query a table and without an object for each."""

from collections.abc import Sequence
from typing import Any

from sqlalchemy import Text, bindparam, cast, select
from sqlalchemy.orm import Session

from store.database import fetch, in_list
from store.search.subject import PROJECTS, RUNS

JSON_COLUMNS = ("config", "change", "tags", "digests")
NOT_LISTED = ("environment", "leaves_high", "leaves_low", "rung_at", "cancel_requested_at", "heartbeat_at", "lease_until", "created_by", "queue")
SUMMARY = ("last", "min", "max", "min_step", "max_step", "count", "non_finite")


_IDS: Any = bindparam("ids", expanding=True)


def _runs() -> Any:
    columns = [column for column in RUNS.columns if column.name not in (*JSON_COLUMNS, *NOT_LISTED)]
    texts = [cast(RUNS.c[name], Text).label(name) for name in JSON_COLUMNS]  # as they are stored: nobody looks into them on the way
    project = (PROJECTS.c.entity + "/" + PROJECTS.c.name).label("project")
    return select(*columns, *texts, project, RUNS.c.queue).join(PROJECTS, PROJECTS.c.id == RUNS.c.project_id).where(RUNS.c.id.in_(_IDS))


# Made once: SQLAlchemy takes longer to make a statement than a database to answer it.
_RUNS = _runs()


def runs(session: Session, ids: Sequence[str]) -> list[Any]:
    """The rows in the order of the ids, those of runs that are gone left out; what is JSON stands in them as text."""
    found = {row.id: row for row in session.connection().execute(_RUNS, {"ids": ids}).all()}
    return [found[run_id] for run_id in ids if run_id in found]


def sums(session: Session, ids: Sequence[str]) -> dict[str, list[Any]]:
    """Of each run that has metrics the rows (run, metric, last step, *SUMMARY), in the order of the metrics' names.

    A last value that is NaN stands there as None.
    """
    found: dict[str, list[Any]] = {}
    names = ", ".join(("run_id", "metric", "last_step", *SUMMARY))
    text = f"SELECT {names} FROM series WHERE run_id IN {in_list(len(ids))} ORDER BY run_id, metric"
    for row in fetch(session.connection(), text, ids):
        found.setdefault(row[0], []).append(row)
    return found
