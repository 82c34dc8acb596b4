"""Things by some letters of their names, for somebody who wants to go there: found by indexes, and by looking through so many names and no more."""

from collections.abc import Sequence
from typing import Any, Literal, NamedTuple

from sqlalchemy import ColumnElement, func, select
from sqlalchemy.orm import Session

from store.search.subject import PROJECTS, RUNS, TAGS
from store.search.table import Scope, project_ids
from store.tables import TRASH, Study

STUDIES = Study.__table__
NAMES_READ = 100_000
STUDIES_READ = 5_000
CANDIDATES = 200  # of one way to find runs
MOST_WORDS = 5
LAST = "\U0010ffff"  # behind every letter
LAST_OF_IDS = "z" * 16


class Found(NamedTuple):
    kind: Literal["project", "study", "run"]
    id: str
    entity: str
    project: str
    name: str


def find(session: Session, entity: str | None, text: str, limit: int) -> list[Found]:
    """Projects, then studies, then runs whose names hold every word of the text, whatever its case; runs also by the beginning of an id or a tag.

    At most `limit` of each kind. Of runs those come first whose id, external id or name the text begins.
    """
    return [*_projects(session, entity, text, limit), *_studies(session, entity, text, limit), *_runs(session, entity, text, limit)]


def _projects(session: Session, entity: str | None, text: str, limit: int) -> list[Found]:
    path = PROJECTS.c.entity + "/" + PROJECTS.c.name
    query = select(PROJECTS.c.id, PROJECTS.c.entity, PROJECTS.c.name).where(*_within(entity), *_hold(session, path, text))
    rows = session.execute(query.order_by(func.length(PROJECTS.c.name), PROJECTS.c.entity, PROJECTS.c.name).limit(limit))
    return [Found("project", project_id, of, name, f"{of}/{name}") for project_id, of, name in rows]


def _studies(session: Session, entity: str | None, text: str, limit: int) -> list[Found]:
    joined = STUDIES.join(PROJECTS, PROJECTS.c.id == STUDIES.c.project_id)
    read = select(STUDIES.c.id, PROJECTS.c.entity, PROJECTS.c.name.label("project"), STUDIES.c.name).select_from(joined).where(*_within(entity))
    some = read.where(~STUDIES.c.archived).limit(STUDIES_READ).subquery()
    query = select(some).where(*_hold(session, some.c.name, text)).order_by(some.c.id.desc()).limit(limit)
    return [Found("study", *row) for row in session.execute(query)]


def _runs(session: Session, entity: str | None, text: str, limit: int) -> list[Found]:
    within = RUNS.c.project_id.in_(project_ids(session, Scope(entity)))
    ids: dict[str, None] = {}
    for query in _by_index(within, text):
        ids |= dict.fromkeys(row[0] for row in session.execute(query.limit(CANDIDATES)) if row[-1].startswith(text))
    if len(ids) < limit:
        tagged = select(TAGS.c.run_id).where(TAGS.c.project_id.in_(project_ids(session, Scope(entity))), TAGS.c.tag >= text, TAGS.c.tag < text + LAST)
        ids |= dict.fromkeys(session.scalars(tagged.limit(CANDIDATES)))
        ids |= dict.fromkeys(sorted(session.scalars(_by_reading(session, within, text)), reverse=True))  # newest first
    return _described(session, entity, list(ids)[:limit])


def _by_reading(session: Session, within: ColumnElement[bool], text: str) -> Any:
    """Of NAMES_READ runs those whose names hold the words."""
    names = select(RUNS.c.id, RUNS.c.name).where(within).with_hint(RUNS, "INDEXED BY ix_runs_project_id_name", "sqlite")
    if session.scalar(select(RUNS.c.id).where(within).order_by(RUNS.c.project_id, RUNS.c.name).offset(NAMES_READ).limit(1)) is None:
        return names.where(*_hold(session, RUNS.c.name, text)).limit(CANDIDATES)  # three times as fast as to stop reading somewhere
    read = names.limit(NAMES_READ).subquery()
    return select(read.c.id).where(*_hold(session, read.c.name, text)).limit(CANDIDATES)


def _by_index(within: ColumnElement[bool], text: str) -> list[Any]:
    """Of each run that an index gives its id, and what the text should begin: some databases order texts by more than their letters."""
    found = []
    for column, last in ((RUNS.c.id, LAST_OF_IDS), (RUNS.c.external_id, LAST_OF_IDS), (RUNS.c.name, LAST)):
        found.append(select(RUNS.c.id, column).where(within, column >= text, column <= text + last).order_by(column))
    return found


def _described(session: Session, entity: str | None, ids: Sequence[str]) -> list[Found]:
    """In the order of the ids; a run that was deleted is left out."""
    query = select(RUNS.c.id, PROJECTS.c.entity, PROJECTS.c.name, RUNS.c.name).join(PROJECTS, PROJECTS.c.id == RUNS.c.project_id)
    found = {row[0]: Found("run", *row) for row in session.execute(query.where(RUNS.c.id.in_(ids), *_within(entity)))}
    return [found[run_id] for run_id in ids if run_id in found]


def _within(entity: str | None) -> list[ColumnElement[bool]]:
    return [PROJECTS.c.id != TRASH, *([] if entity is None else [PROJECTS.c.entity == entity])]


def _hold(session: Session, column: Any, text: str) -> list[ColumnElement[bool]]:
    """That the column's text holds every word; of letters A to Z whatever their case, as SQLite's LIKE has it by itself."""
    words = text.split()[:MOST_WORDS]
    if session.get_bind().dialect.name == "sqlite":
        return [column.contains(word, autoescape=True) for word in words]
    return [func.lower(column).contains(_lower(word), autoescape=True) for word in words]


def _lower(text: str) -> str:
    return "".join(letter.lower() if letter.isascii() else letter for letter in text)
