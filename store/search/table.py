"""The run table: runs that a filter lets through, in an order, by pages."""

from collections.abc import Sequence
from dataclasses import dataclass

from sqlalchemy import ColumnElement, func, select
from sqlalchemy.orm import Session

from store.runs import within
from store.search.order import Order, Place
from store.tables import Project, Run, RunParam, RunTag, Series


@dataclass(frozen=True)
class Found:
    """A run and where it stands in the order asked for."""

    run: Run
    place: Place


@dataclass(frozen=True)
class Scope:
    """Which runs a caller looks at: of an entity, of a project, let through by a filter; None is all."""

    entity: str | None = None
    project: Project | None = None
    where: ColumnElement[bool] | None = None

    def conditions(self) -> list[ColumnElement[bool]]:
        return [*within(self.entity, self.project), *([] if self.where is None else [self.where])]


@dataclass(frozen=True)
class Known:
    """A key of a config or a metric that some run has, and of how many runs it is a number or a text."""

    key: str
    numbers: int
    texts: int


def page(session: Session, scope: Scope, order: Order, after: Sequence[object] | None, limit: int) -> list[Found]:
    """Up to `limit` runs behind the place. Raises ValueError for a place that the order did not give."""
    query = select(Run, *(column.expression for column in order.columns)).where(*scope.conditions()).limit(limit)
    if after is not None:
        query = query.where(order.after(after))
    return [Found(row[0], order.place(row[1:])) for row in session.execute(order.applied(query))]


def count(session: Session, scope: Scope) -> int:
    return session.scalar(select(func.count()).select_from(Run).where(*scope.conditions())) or 0


def known(session: Session, scope: Scope) -> tuple[list[Known], list[str], list[str]]:
    """Leaves of configs, metrics and tags that runs of the scope have, each in the order of their names."""
    of = scope.conditions()
    params = select(RunParam.path, func.count(RunParam.number), func.count(RunParam.head)).join(Run, Run.id == RunParam.run_id).where(*of)
    metrics = select(Series.metric).join(Run, Run.id == Series.run_id).where(*of).distinct()
    tags = select(RunTag.tag).join(Run, Run.id == RunTag.run_id).where(*of).distinct()
    leaves = sorted((Known(*row) for row in session.execute(params.group_by(RunParam.path))), key=lambda leaf: leaf.key)
    return leaves, sorted(session.scalars(metrics)), sorted(session.scalars(tags))
