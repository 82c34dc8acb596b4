"""What the runs of a scope hold, read by pieces: for whoever has to know every column before the first row."""

from collections.abc import Sequence
from typing import Any

from sqlalchemy import Text, cast, func, select
from sqlalchemy.orm import Session

from store.search.table import Scope
from store.tables import Run, Series


def sizes(session: Session, scope: Scope, after: str, limit: int) -> list[tuple[str, int]]:
    """Up to `limit` runs in the order of their ids, behind the id given, and about how many characters the row of each holds."""
    long = [func.length(cast(column, Text)) for column in (Run.config, Run.environment, Run.notes)]
    query = select(Run.id, long[0] + long[1] + long[2]).where(*scope.conditions(), Run.id > after).order_by(Run.id).limit(limit)
    return [(row[0], int(row[1])) for row in session.execute(query)]


def configs(session: Session, run_ids: Sequence[str]) -> list[dict[str, Any]]:
    return list(session.scalars(select(Run.config).where(Run.id.in_(run_ids))))


def metrics(session: Session, run_ids: Sequence[str]) -> list[str]:
    """The metrics that any of the runs has."""
    return list(session.scalars(select(Series.metric).where(Series.run_id.in_(run_ids)).distinct()))


def lengths(session: Session, scope: Scope, metrics: Sequence[str] | None, after: str, limit: int) -> list[tuple[str, int]]:
    """Up to `limit` runs that have points, in the order of their ids behind the id given, and how many; `metrics` None counts all."""
    query = select(Run.id, func.sum(Series.count)).join(Series, Series.run_id == Run.id).where(*scope.conditions(), Run.id > after)
    if metrics is not None:
        query = query.where(Series.metric.in_(metrics))
    return [(row[0], int(row[1])) for row in session.execute(query.group_by(Run.id).order_by(Run.id).limit(limit))]
