"""What the runs of a project have: keys, and the values of a key, read from indexes so that what a question costs does not grow with the runs."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import func, literal, or_, select
from sqlalchemy.orm import Session

from store.search.leaves import BEHIND, SUMMARY
from store.search.subject import PARAMS, SERIES, TAGS
from store.search.table import Scope, project_ids

MOST_KEYS = 2_000
MOST_COUNTED = 1_000


@dataclass(frozen=True)
class Known:
    """A path of configs, and of how many runs it is a number or a text; counted up to 1,000."""

    key: str
    numbers: int
    texts: int


@dataclass(frozen=True)
class Keys:
    """Each in the order of their names, the first 2,000 of a project."""

    leaves: list[Known]
    metrics: list[str]
    tags: list[str]


def keys(session: Session, scope: Scope) -> Keys:
    """What the runs of the scope's projects have; its filter is not looked at."""
    leaves: dict[str, list[int]] = {}
    metrics: set[str] = set()
    tags: set[str] = set()
    for project_id in project_ids(session, scope):
        for place, column in enumerate(("number", "head")):
            for path, count in _counted(session, PARAMS, "path", project_id, column):
                leaves.setdefault(path, [0, 0])[place] += count
        metrics.update(name for (name,) in _distinct(session, SERIES, "metric", project_id))
        tags.update(name for (name,) in _distinct(session, TAGS, "tag", project_id))
    found = [Known(path, min(numbers, MOST_COUNTED), min(texts, MOST_COUNTED)) for path, (numbers, texts) in sorted(leaves.items())]
    return Keys(found, sorted(metrics), sorted(tags))


def has_below(session: Session, project_id: str, path: str) -> bool:
    """Whether any run of the project has a leaf below the path."""
    for column in ("number", "head"):
        below = (PARAMS.c.project_id == project_id, PARAMS.c[column].is_not(None), PARAMS.c.path > path + ".", PARAMS.c.path < path + "/")
        if session.connection().execute(_hinted(select(literal(1)).where(*below).limit(1), column)).first():
            return True
    return False


def metrics_of(session: Session, project_id: str) -> list[str]:
    return [name for (name,) in _distinct(session, SERIES, "metric", project_id)]


def _distinct(session: Session, table: Any, column: str, project_id: str) -> Sequence[Any]:
    names = _names(table, column, (table.c.project_id == project_id,), lambda query: query)
    return session.connection().execute(select(names.c.name).where(names.c.name.is_not(None)).limit(MOST_KEYS)).all()


def _counted(session: Session, table: Any, name: str, project_id: str, column: str) -> Sequence[Any]:
    of_config = or_(table.c[name] < SUMMARY, table.c[name] >= BEHIND)
    where = (table.c.project_id == project_id, table.c[column].is_not(None), of_config)
    names = _names(table, name, where, lambda query: _hinted(query, column))
    few = _hinted(select(literal(1)).select_from(table).where(*where, table.c[name] == names.c.name).limit(MOST_COUNTED), column)
    count = select(func.count()).select_from(few.correlate(names).subquery()).scalar_subquery()
    return session.connection().execute(select(names.c.name, count).where(names.c.name.is_not(None)).limit(MOST_KEYS)).all()


def _names(table: Any, column: str, where: Sequence[Any], hinted: Any) -> Any:
    """The distinct values of a column that an index begins with, from each one on to the next: no row between them is read. NULL at the end."""
    first = hinted(select(table.c[column]).where(*where).order_by(table.c[column]).limit(1))
    names = select(first.scalar_subquery().label("name")).cte(recursive=True)
    following = hinted(select(table.c[column]).where(*where, table.c[column] > names.c.name).order_by(table.c[column]).limit(1))
    return names.union_all(select(following.correlate(names).scalar_subquery()).where(names.c.name.is_not(None)))


def _hinted(query: Any, column: str) -> Any:
    return query.with_hint(PARAMS, f"INDEXED BY ix_run_params_{column}", "sqlite")
