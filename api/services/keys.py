"""Making, listing, changing and revoking keys."""

import orjson
from sqlalchemy import select
from sqlalchemy.orm import Session

from api.answers import Answer, rfc3339, rfc3339_or_null
from api.auth import Caller
from api.idempotency import Once, answer_once
from api.parts import Parts
from api.problems import Forbidden, InvalidValue
from api.schemas.others import KeyPatch, KeyShown, NewKey
from api.services import names
from api.services.derived import SALT, letters, new_salt
from store import keys
from store.database import now
from store.errors import Conflict
from store.tables import Key


def mint(parts: Parts, caller: Caller, new: NewKey, once: Once | None) -> Answer:
    """201 with the key's text, this once.

    An answer kept for an Idempotency-Key holds no key. The text is made from the caller's own secret, which is stored nowhere, and a salt
    that is kept with the answer: asked again by the same caller it can be told again, and the database alone tells nothing.
    """
    entity = _entity(caller, new.entity)
    if new.key is not None and not keys.may_be_given(new.key):
        raise InvalidValue("/key", f"{keys.GIVEN_WORDS}; got {len(new.key)}")
    salt = new_salt()
    with parts.db.begin() as session:
        if new.expires_at is not None and new.expires_at.timestamp() <= (session.scalar(select(now())) or 0.0):
            raise InvalidValue("/expires_at", "takes a moment in the future")

        def make() -> Answer:
            expires_at = None if new.expires_at is None else new.expires_at.timestamp()
            key, _ = keys.mint(session, new.name, new.role, entity, expires_at, text=new.key or _text(caller, salt))
            return Answer.of(201, {**shown(key), "key": None}, **{"Location": f"/api/v1/keys/{key.id}", SALT: salt})

        answer = answer_once(session, once, make)
    headers = {name: value for name, value in answer.headers.items() if name != SALT}
    document = {**orjson.loads(answer.body), "key": new.key or _text(caller, answer.headers[SALT])}
    return Answer(answer.status, orjson.dumps(document), headers, answer.replayed)


def edit(parts: Parts, caller: Caller, key_id: str, change: KeyPatch) -> KeyShown:
    """The key as it is now; another role holds at once. Raises KeyNotFound; Conflict for the last key that could make others."""
    with parts.db.begin() as session:
        found = shown(keys.edit(session, key_id, change.model_dump(exclude_unset=True), caller.entity))
        _must_leave_an_admin(session, "before giving it a lower role")
    parts.callers.forget()
    return found


def revoke(parts: Parts, caller: Caller, key_id: str) -> None:
    """Raises KeyNotFound; Conflict for the last key that could make others."""
    with parts.db.begin() as session:
        keys.revoke(session, key_id, caller.entity)
        _must_leave_an_admin(session, "before revoking it")
    parts.callers.forget()


def _must_leave_an_admin(session: Session, when: str) -> None:
    if not keys.any_admin(session):
        raise Conflict(f"This is the last admin key that reaches everything; make another {when}.")


def shown(key: Key) -> KeyShown:
    return {
        "id": key.id,
        "name": key.name,
        "prefix": key.prefix,
        "role": key.role,  # type: ignore[typeddict-item]
        "entity": key.entity,
        "created_at": rfc3339(key.created_at),
        "expires_at": rfc3339_or_null(key.expires_at),
    }


def _entity(caller: Caller, asked: str | None) -> str | None:
    """The entity of the new key: nobody hands on more than they have."""
    if asked is not None:
        names.must_be_entity(asked, "/entity")
    if caller.entity is not None and asked not in (None, caller.entity):
        raise Forbidden(f"Your key reaches {caller.entity} only, and so do the keys you make.")
    return asked if asked is not None else caller.entity


def _text(caller: Caller, salt: str) -> str:
    return keys.PREFIX + letters(caller, salt)
