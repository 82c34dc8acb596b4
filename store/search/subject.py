"""The run that an expression is about, and what can be asked of it: each by one look into an index, never by a join."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from sqlalchemy import ColumnElement, SQLColumnExpression, and_, false, func, literal, or_, select

from store.tables import Key, Project, Run, RunParam, RunTag, Series

RUNS: Any = Run.__table__
PARAMS: Any = RunParam.__table__
TAGS: Any = RunTag.__table__
SERIES: Any = Series.__table__
PROJECTS: Any = Project.__table__
KEYS: Any = Key.__table__
# Made once: to copy a table's columns takes longer than to ask for a row. In a statement each is the FROM of a SELECT of its own.
OWN_ROW: Any = RUNS.alias()
WALKED: dict[Any, Any] = {table: table.alias() for table in (RUNS, PARAMS, TAGS, SERIES)}
ONE_ROW = "INDEXED BY ix_runs_narrow"  # SQLite; PostgreSQL keeps wide values out of the row by itself

Condition = ColumnElement[bool]


@dataclass(frozen=True)
class Subject:
    """`source` is the FROM that the run stands in: rows of runs, or of a table that has their ids and is of one project."""

    source: Any
    run_id: SQLColumnExpression[Any]
    project_id: str | None = None

    @classmethod
    def row(cls, runs: Any) -> "Subject":
        return cls(runs, runs.c.id)

    @property
    def is_row(self) -> bool:
        return self.project_id is None

    def value(self, of: Callable[[Any], SQLColumnExpression[Any]]) -> SQLColumnExpression[Any]:
        """Something of the run's own row."""
        if self.is_row:
            return of(self.source)
        query = select(of(OWN_ROW)).select_from(OWN_ROW).where(OWN_ROW.c.project_id == self.project_id, OWN_ROW.c.id == self.run_id)
        return query.with_hint(OWN_ROW, ONE_ROW, "sqlite").correlate(self.source).scalar_subquery()

    def has(self, test: Callable[[Any], Condition]) -> Condition:
        return func.coalesce(self.value(test), false())

    def leaf(self, path: str, of: SQLColumnExpression[Any]) -> SQLColumnExpression[Any]:
        return self._one(select(of).where(PARAMS.c.run_id == self.run_id, PARAMS.c.path == path))

    def has_leaf(self, path: str, test: Condition) -> Condition:
        return func.coalesce(self.leaf(path, test), false())

    def has_leaf_at_or_below(self, path: str) -> Condition:
        below = and_(PARAMS.c.path > path + ".", PARAMS.c.path < path + "/")
        return self._any(select(literal(1)).select_from(PARAMS).where(PARAMS.c.run_id == self.run_id, or_(PARAMS.c.path == path, below)))

    def metric(self, name: str, of: SQLColumnExpression[Any]) -> SQLColumnExpression[Any]:
        return self._one(select(of).select_from(SERIES).where(SERIES.c.run_id == self.run_id, SERIES.c.metric == name))

    def has_metric(self, name: str, test: Condition) -> Condition:
        return func.coalesce(self.metric(name, test), false())

    def has_tag(self, *tests: Condition) -> Condition:
        return self._any(select(literal(1)).select_from(TAGS).where(TAGS.c.run_id == self.run_id, *tests))

    def _one(self, query: Any) -> SQLColumnExpression[Any]:
        return query.correlate(self.source).scalar_subquery()  # type: ignore[no-any-return]

    def _any(self, query: Any) -> Condition:
        return self._one(query.limit(1)).is_not(None)
