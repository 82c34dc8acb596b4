"""What the runs of a scope hold, read by pieces: for whoever has to know every column before the first row."""

from collections.abc import Sequence
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from store.search.table import Scope
from store.tables import Run, Series


def configs(session: Session, scope: Scope, after: str, limit: int) -> list[tuple[str, dict[str, Any]]]:
    """Up to `limit` ids and configs in the order of the ids, behind the id given."""
    query = select(Run.id, Run.config).where(*scope.conditions(), Run.id > after).order_by(Run.id).limit(limit)
    return [(row[0], row[1]) for row in session.execute(query)]


def metrics(session: Session, run_ids: Sequence[str]) -> list[str]:
    """The metrics that any of the runs has."""
    return list(session.scalars(select(Series.metric).where(Series.run_id.in_(run_ids)).distinct()))
