"""The run table: runs that a filter lets through, in an order, by pages."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import ColumnElement, SQLColumnExpression, func, select
from sqlalchemy.orm import Session

from store.runs import within
from store.search import lanes, ties
from store.search.conditions import condition
from store.search.order import Order
from store.search.subject import PROJECTS, RUNS, Subject
from store.search.syntax import Filter
from store.search.walk import Placed, Search, in_order, matching
from store.tables import TRASH, Project


@dataclass(frozen=True)
class Scope:
    """Which runs a caller looks at: of an entity, of a project, let through by a filter; None is all."""

    entity: str | None = None
    project: Project | None = None
    filter: Filter | None = None

    def check(self) -> None:
        """Raises BadSearch for a filter that asks of a key what it does not take."""
        if self.filter is not None:
            condition(self.filter, Subject.row(RUNS))

    def project_id(self, session: Session) -> str | None:
        """The project, when there is but one to look in."""
        if self.project is not None:
            return self.project.id
        query = select(PROJECTS.c.id).where(PROJECTS.c.id != TRASH).limit(2)
        ids = session.scalars(query if self.entity is None else query.where(PROJECTS.c.entity == self.entity)).all()
        return ids[0] if len(ids) == 1 else None

    def conditions(self) -> list[ColumnElement[bool]]:
        """The same as conditions on rows of runs, for statements that are not about the table."""
        return [*within(self.entity, self.project), *([] if self.filter is None else [condition(self.filter, Subject.row(RUNS))])]

    def within(self, run: Subject) -> ColumnElement[bool]:
        """That the run, a row of runs, is of the entity."""
        project_id: SQLColumnExpression[str] = run.source.c.project_id
        if self.entity is None:
            return project_id != TRASH
        return project_id.in_(select(PROJECTS.c.id).where(PROJECTS.c.entity == self.entity))


def page(session: Session, scope: Scope, order: Order, after: Sequence[Any] | None, limit: int) -> list[Placed]:
    """Up to `limit` runs behind the place. Raises ValueError for a place that the order did not give."""
    project_id = scope.project_id(session)
    place = None if after is None else list(after)
    if project_id is not None:
        return ties.page(Search(session, project_id, scope.filter, order), place, limit)
    return in_order(session, *matching(None, scope.filter, None, scope.within), order, place, limit)


@dataclass(frozen=True)
class Rows:
    """All runs of a scope, to be read along one index. `passing` is a SELECT of their ids, None when they are the whole project."""

    project_id: str | None
    passing: Any

    @classmethod
    def of(cls, session: Session, scope: Scope) -> "Rows":
        project_id = scope.project_id(session)
        if project_id is None:
            return cls(None, matching(None, scope.filter, None, scope.within)[0])
        if scope.filter is None:
            return cls(project_id, None)
        return cls(project_id, matching(project_id, scope.filter, lanes.narrowest(session, scope.filter, project_id))[0])

    def select(self, *columns: Any, source: Any = RUNS) -> Any:
        """A SELECT of columns of their rows; `source` is a FROM that joins more to them."""
        query = select(*columns).select_from(source)
        if self.project_id is not None:
            query = query.where(RUNS.c.project_id == self.project_id).with_hint(RUNS, "INDEXED BY ix_runs_narrow", "sqlite")
        return query if self.passing is None else query.where(RUNS.c.id.in_(self.passing))

    def narrowed(self, query: Any, table: Any) -> Any:
        """The SELECT of a table that has the ids of runs, of these runs' rows."""
        if self.project_id is not None:
            query = query.where(table.c.project_id == self.project_id)
        return query if self.passing is None else query.where(table.c.run_id.in_(self.passing))


def count(session: Session, scope: Scope) -> int:
    rows = Rows.of(session, scope)
    counted = rows.select(func.count()) if rows.passing is None else select(func.count()).select_from(rows.passing.subquery())
    return int(session.connection().execute(counted).scalar_one())


def project_ids(session: Session, scope: Scope) -> Sequence[str]:
    """The first 1,000 projects that the scope reaches."""
    if scope.project is not None:
        return [scope.project.id]
    query = select(PROJECTS.c.id).where(PROJECTS.c.id != TRASH).order_by(PROJECTS.c.created_at, PROJECTS.c.id).limit(1_000)
    return session.scalars(query if scope.entity is None else query.where(PROJECTS.c.entity == scope.entity)).all()
