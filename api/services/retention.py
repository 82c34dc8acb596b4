"""How long a project keeps its runs: shown, set, and what it would take now."""

from sqlalchemy.orm import Session

from api.auth import Caller
from api.parts import Parts
from api.problems import InvalidValue
from api.schemas.deleting import RetentionBody, RetentionShown
from api.services import names
from store import archive, retention, trash
from store.errors import BadSearch
from store.retention import Retention
from store.search.syntax import read_filter
from store.search.table import Scope
from store.tables import Project


def show(parts: Parts, caller: Caller, entity: str, name: str, preview: bool) -> RetentionShown:
    """Raises ProjectNotFound."""
    with parts.db.read() as session:
        project = names.get(session, caller, entity, name)
        return _shown(session, project, Retention.of(project), preview)


def put(parts: Parts, caller: Caller, entity: str, name: str, body: RetentionBody, preview: bool) -> RetentionShown:
    """With `preview` nothing is set. Raises ProjectNotFound, InvalidValue for a filter that cannot be read."""
    asked = _asked(body)
    with parts.db.begin() if not preview else parts.db.read() as session:
        project = names.get(session, caller, entity, name)
        if not preview:
            asked.put(project)
            session.flush()
        return _shown(session, project, asked, preview)


def _asked(body: RetentionBody) -> Retention:
    if body.keep.filter is not None:
        try:
            Scope(filter=read_filter(body.keep.filter)).check()
        except BadSearch as error:
            raise InvalidValue("/keep/filter", f"takes a filter as GET /runs does: {error}") from error
    keep = body.keep
    return Retention(body.archive_after_days, body.delete_archived_after_days, tuple(keep.tags), keep.filter, keep.baselines, keep.verdicts)


def _shown(session: Session, project: Project, held: Retention, preview: bool) -> RetentionShown:
    shown: RetentionShown = {
        "archive_after_days": held.archive_after_days,
        "delete_archived_after_days": held.delete_archived_after_days,
        "keep": {"tags": list(held.keep_tags), "filter": held.keep_filter, "baselines": held.keep_baselines, "verdicts": held.keep_verdicts},
    }
    if preview:
        old, older = retention.to_archive(project, held), retention.to_delete(project, held)
        would = trash.Deleted() if older is None else trash.preview(session, older)
        archived = 0 if old is None else archive.count(session, old, True)
        shown["would"] = {"archive": archived, "delete": {"rows": would.rows, "size_bytes": would.size_bytes}}
    return shown
