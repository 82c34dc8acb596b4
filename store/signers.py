"""Which keys signed receipts of this service, and what the service is called. Private keys are never in here."""

from sqlalchemy import select
from sqlalchemy.orm import Session

from store.database import insert_into, now
from store.ids import new_id
from store.tables import Installation, Signer


def note(session: Session, public_key: str) -> None:
    """The key signs from now on; nothing when it was known."""
    session.execute(insert_into(session, Signer).values(public_key=public_key, since=now()).on_conflict_do_nothing())


def every(session: Session) -> list[Signer]:
    """Oldest first: a receipt outlives a change of keys."""
    return list(session.scalars(select(Signer).order_by(Signer.since, Signer.public_key)))


def server_id(session: Session) -> str:
    """The name of this service among all there are: made once, and kept in its database."""
    session.execute(insert_into(session, Installation).values(number=1, id=new_id()).on_conflict_do_nothing())
    return session.get_one(Installation, 1).id
