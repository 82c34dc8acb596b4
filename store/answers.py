"""The answers kept for an Idempotency-Key: whoever asks again with the same key gets the first answer, and nothing is made twice.

An answer is kept in the transaction that makes what it speaks of, so that a crash loses both or neither.
"""

from collections.abc import Mapping

from sqlalchemy import delete, select
from sqlalchemy.orm import Session

from store.database import insert_into, now
from store.tables import KeptAnswer

KEPT_S = 24 * 3600.0


def reserve(session: Session, key_id: str, route: str, idempotency_key: str, request_digest: str) -> KeptAnswer | None:
    """The answer that was kept; None when there is none, and then the place is ours: `keep` must follow in this transaction.

    A second request with the same key waits here until the first one's transaction has ended.
    """
    session.execute(delete(KeptAnswer).where(KeptAnswer.created_at < now() - KEPT_S))
    place = insert_into(session, KeptAnswer).values(
        key_id=key_id,
        route=route,
        idempotency_key=idempotency_key,
        request_digest=request_digest,
        status=0,
        headers={},
        body=b"",
        created_at=now(),
    )
    ours = session.scalar(place.on_conflict_do_nothing().returning(KeptAnswer.key_id)) is not None
    return None if ours else session.get(KeptAnswer, (key_id, route, idempotency_key), populate_existing=True)


def keep(session: Session, key_id: str, route: str, idempotency_key: str, status: int, headers: Mapping[str, str], body: bytes) -> None:
    answer = session.scalars(
        select(KeptAnswer).where(KeptAnswer.key_id == key_id, KeptAnswer.route == route, KeptAnswer.idempotency_key == idempotency_key)
    ).one()
    answer.status, answer.headers, answer.body = status, dict(headers), body
    session.flush()
