"""API keys, and the tickets that stand for one in a browser. Only digests are kept: the database gives no key away.

A key is 40 random letters and digits (238 bits), so one SHA-256 is enough; there is no dictionary to slow down.
"""

import hashlib
import re
import secrets
import string
from collections.abc import Iterable, Mapping

from sqlalchemy import ColumnElement, delete, or_, select, update
from sqlalchemy.orm import Session

from store.database import now
from store.errors import KeyNotFound, NameTaken
from store.ids import new_id
from store.tables import Key, Ticket

ROLES = ("viewer", "member", "admin")
PREFIX = "rt-"
LETTERS = string.ascii_letters + string.digits
MOST_CHARACTERS = 256
# What every wandb SDK takes: perhaps a prefix, then at least 40 characters.
GIVEN = re.compile(r"(?:[A-Za-z0-9_]*-)?+[A-Za-z0-9_-]{40,}")
GIVEN_WORDS = f'a key of your own takes at least 40 letters, digits, "-" or "_", after a prefix and "-" if you like; {MOST_CHARACTERS} in all'


def may_be_given(text: str) -> bool:
    return len(text) <= MOST_CHARACTERS and GIVEN.fullmatch(text) is not None


def new_text() -> str:
    return PREFIX + "".join(secrets.choice(LETTERS) for _ in range(40))


def mint(
    session: Session, name: str, role: str, entity: str | None = None, expires_at: float | None = None, text: str | None = None
) -> tuple[Key, str]:
    """A new key and its text, which is nowhere to be had again. Raises NameTaken for a given text that is a key already."""
    text = text or new_text()
    if session.scalar(select(Key.id).where(Key.digest == digest(text))) is not None:
        raise NameTaken("This text is a key already.")
    key = Key(
        id=new_id(),
        name=name,
        prefix=text[:7],
        digest=digest(text),
        role=role,
        entity=entity,
        created_at=session.scalar(select(now())),
        expires_at=expires_at,
    )
    session.add(key)
    session.flush()
    return key, text


def authenticate(session: Session, text: str) -> Key | None:
    """The key of that text; None when there is none, or it was revoked or has expired."""
    return session.scalars(select(Key).where(Key.digest == digest(text), _valid())).one_or_none()


def get(session: Session, key_id: str, entity: str | None = None) -> Key:
    """Raises KeyNotFound, also when the key belongs to another entity than the one given."""
    key = session.get(Key, key_id)
    if key is None or (entity is not None and key.entity != entity):
        raise KeyNotFound(key_id)
    return key


def page(session: Session, *, entity: str | None, after: tuple[float, str] | None, limit: int) -> list[Key]:
    """Keys that were not revoked, oldest first; `after` is the (created_at, id) of the last one seen."""
    query = select(Key).where(Key.revoked_at.is_(None)).order_by(Key.created_at, Key.id).limit(limit)
    if entity is not None:
        query = query.where(Key.entity == entity)
    if after is not None:
        query = query.where(or_(Key.created_at > after[0], (Key.created_at == after[0]) & (Key.id > after[1])))
    return list(session.scalars(query))


def any_admin(session: Session) -> bool:
    """Whether some valid key can make further keys anywhere."""
    return session.scalar(select(Key.id).where(Key.role == "admin", Key.entity.is_(None), _valid()).limit(1)) is not None


def edit(session: Session, key_id: str, changes: Mapping[str, str], entity: str | None = None) -> Key:
    """The key with another name or role. Raises KeyNotFound, also for one that was revoked."""
    key = get(session, key_id, entity)
    if key.revoked_at is not None:
        raise KeyNotFound(key_id)
    for field, value in changes.items():
        setattr(key, field, value)
    session.flush()
    return key


def revoke(session: Session, key_id: str, entity: str | None = None) -> None:
    """Nothing; the key and every session that stands for it are refused from the commit on. Raises KeyNotFound."""
    key = get(session, key_id, entity)
    session.execute(update(Key).where(Key.id == key.id, Key.revoked_at.is_(None)).values(revoked_at=now()))
    session.execute(delete(Ticket).where(Ticket.key_id == key.id))


def new_ticket(session: Session, key: Key, kind: str, for_s: float) -> str:
    """The text of a new ticket; kind `signin` can be redeemed once, `session` is looked at with every request."""
    session.execute(delete(Ticket).where(Ticket.expires_at < now()))
    text = secrets.token_urlsafe(32)
    session.add(Ticket(digest=digest(text), kind=kind, key_id=key.id, created_at=now(), expires_at=now() + for_s))
    session.flush()
    return text


def redeem_signin(session: Session, text: str) -> Key | None:
    """The key behind a sign-in link, which is now used up; None when it was used, has expired or never was."""
    used = delete(Ticket).where(Ticket.digest == digest(text), Ticket.kind == "signin", Ticket.expires_at > now())
    key_id = session.scalar(used.returning(Ticket.key_id))
    return None if key_id is None else session.scalars(select(Key).where(Key.id == key_id, _valid())).one_or_none()


def of_session(session: Session, text: str) -> Key | None:
    """The key behind a page's session; None when it has ended or its key is no longer valid."""
    query = select(Key).join(Ticket, Ticket.key_id == Key.id)
    return session.scalars(query.where(Ticket.digest == digest(text), Ticket.kind == "session", Ticket.expires_at > now(), _valid())).one_or_none()


def still_valid(session: Session, secrets: Iterable[str], *, of_sessions: bool) -> set[str]:
    """Those of the texts, of sessions or of keys, that are good as of now."""
    by_digest = {digest(text): text for text in secrets}
    if not by_digest:
        return set()
    query = select(Key.digest).where(Key.digest.in_(by_digest), _valid())
    if of_sessions:
        query = select(Ticket.digest).join(Key, Ticket.key_id == Key.id).where(Ticket.digest.in_(by_digest), _valid())
        query = query.where(Ticket.kind == "session", Ticket.expires_at > now())
    return {by_digest[found] for found in session.scalars(query)}


def end_session(session: Session, text: str) -> None:
    session.execute(delete(Ticket).where(Ticket.digest == digest(text), Ticket.kind == "session"))


def digest(text: str) -> str:
    return hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()


def _valid() -> ColumnElement[bool]:
    return Key.revoked_at.is_(None) & or_(Key.expires_at.is_(None), Key.expires_at > now())
