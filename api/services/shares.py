"""Read-only links: made, listed, deleted, and where they lead."""

import orjson
from sqlalchemy.orm import Session

from api import addresses
from api.answers import Answer, rfc3339, rfc3339_or_null
from api.auth import Caller
from api.idempotency import Once, answer_once
from api.parts import Parts
from api.schemas.base import Items
from api.schemas.shares import NewShare, ShareShown
from api.services import names
from api.services.derived import SALT, letters, new_salt
from store import runs, shares, studies
from store.shares import Link, Target

PREFIX = "rtl-"
DAY_S = 24 * 3600.0
Where = tuple[str, ...]  # ("run", id), ("study", id) or ("project", entity, name)


def add(parts: Parts, caller: Caller, where: Where, new: NewShare, once: Once | None, base_url: str) -> Answer:
    """201 with the link's address, this once: as with keys, a kept answer holds no more than the salt that it can be made anew from.

    Raises NotFound, Conflict when there are too many.
    """
    salt = new_salt()
    for_s = None if new.expires_in_days is None else new.expires_in_days * DAY_S
    with parts.db.begin() as session:

        def make() -> Answer:
            share = shares.add(session, _target(session, caller, where), caller.key_id, PREFIX + letters(caller, salt), for_s)
            made = shares.get(session, share.id, caller.entity)
            return Answer.of(201, {**shown(made), "url": None}, **{"Location": f"/api/v1/shares/{share.id}", SALT: salt})

        answer = answer_once(session, once, make)
    headers = {name: value for name, value in answer.headers.items() if name != SALT}
    document = {**orjson.loads(answer.body), "url": f"{base_url}/share/{PREFIX}{letters(caller, answer.headers[SALT])}"}
    return Answer(answer.status, orjson.dumps(document), headers, answer.replayed)


def listing(parts: Parts, caller: Caller, where: Where) -> Items[ShareShown]:
    """Oldest first; those that are good. Raises NotFound."""
    with parts.db.read() as session:
        return {"items": [shown(link) for link in shares.of(session, _target(session, caller, where))], "next_cursor": None}


def remove(parts: Parts, caller: Caller, share_id: str) -> None:
    """Who holds the link sees nothing by it from now on. Raises ShareNotFound."""
    with parts.db.begin() as session:
        session.delete(shares.get(session, share_id, caller.entity).share)


def find(parts: Parts, text: str) -> Link | None:
    with parts.db.read() as session:
        return shares.find(session, text)


def address(link: Link) -> str:
    """The page of what is shared."""
    project = link.project.path
    if link.share.run_id is not None:
        return addresses.of_run(project, link.share.run_id)
    if link.share.study_id is not None:
        return addresses.of_study(project, link.share.study_id)
    return addresses.of_project(project)


def shown(link: Link) -> ShareShown:
    return {
        "id": link.share.id,
        "run": link.share.run_id,
        "study": link.share.study_id,
        "project": link.project.path if link.share.project_id else None,
        "owner": link.owner,
        "created_at": rfc3339(link.share.created_at),
        "expires_at": rfc3339_or_null(link.share.expires_at),
    }


def _target(session: Session, caller: Caller, where: Where) -> Target:
    """Raises RunNotFound, StudyNotFound, ProjectNotFound."""
    match where:
        case ("run", run_id):
            return Target(run_id=runs.get(session, run_id, caller.entity).id)
        case ("study", study_id):
            return Target(study_id=studies.get(session, study_id, caller.entity)[0].id)
        case _:
            return Target(project_id=names.get(session, caller, *where[1:]).id)
