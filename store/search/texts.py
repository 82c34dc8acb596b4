"""The texts that the runs of a project have at a key: for tests that no database makes alike on its own, such as regular expressions."""

from collections.abc import Sequence
from typing import Any

from sqlalchemy import literal, select
from sqlalchemy.orm import Session

from store.search.conditions import WHOLE, text_of
from store.search.keys import Key
from store.search.subject import PARAMS, RUNS, TAGS


def of(session: Session, project_id: str, key: Key, limit: int) -> Sequence[str]:
    """Up to `limit` different texts; none at a key whose values are numbers or times."""
    query = _texts(project_id, key)
    return [] if query is None else [text for (text,) in session.connection().execute(query.limit(limit)).all()]


def has_path(session: Session, project_id: str, path: str) -> bool:
    """Whether any run of the project has a leaf of its config there, or below."""
    for column in ("number", "head"):
        for lies in (PARAMS.c.path == path, (PARAMS.c.path > path + ".") & (PARAMS.c.path < path + "/")):
            query = select(literal(1)).where(PARAMS.c.project_id == project_id, PARAMS.c[column].is_not(None), lies).limit(1)
            if session.connection().execute(query.with_hint(PARAMS, f"INDEXED BY ix_run_params_{column}", "sqlite")).first():
                return True
    return False


def _texts(project_id: str, key: Key) -> Any:
    if key.root == "tags":
        return select(TAGS.c.tag).where(TAGS.c.project_id == project_id).distinct()
    if key.root == "config":
        at = (PARAMS.c.project_id == project_id, PARAMS.c.path == key.name, PARAMS.c.head.is_not(None))
        return select(WHOLE).where(*at).distinct().with_hint(PARAMS, "INDEXED BY ix_run_params_head", "sqlite")
    if key.is_number or key.is_time:
        return None
    text = text_of(key.name, RUNS)
    return select(text).where(RUNS.c.project_id == project_id, text.is_not(None)).distinct()
