"""A POST that carries an Idempotency-Key takes effect once: its answer is kept in the transaction that makes what it speaks of."""

import hashlib
from collections.abc import Callable
from dataclasses import dataclass

from sqlalchemy.orm import Session

from api.answers import Answer
from api.problems import Problem
from store import answers


@dataclass(frozen=True)
class Once:
    """A request that must take effect once. Its place is the caller's key, the method and the path; `digest` is of everything it says."""

    key_id: str
    route: str
    idempotency_key: str
    digest: str

    @classmethod
    def of(cls, key_id: str, method: str, path: str, query: str, idempotency_key: str, body: bytes) -> "Once":
        digest = hashlib.sha256(query.encode() + b"\n" + body).hexdigest()
        route = f"{method} {path}"
        return cls(key_id, route if len(route) <= 250 else hashlib.sha256(route.encode()).hexdigest(), idempotency_key, digest)


def answer_once(session: Session, once: Once | None, make: Callable[[], Answer]) -> Answer:
    """The kept answer, or what `make` answers, kept. An error that `make` raises undoes the transaction, so no error is ever kept.

    A second request with the same key waits for the first one's transaction. Raises Problem 422 when it says something else.
    """
    if once is None:
        return make()
    kept = answers.reserve(session, once.key_id, once.route, once.idempotency_key, once.digest)
    if kept is None:
        answer = make()
        answers.keep(session, once.key_id, once.route, once.idempotency_key, answer.status, answer.headers, answer.body)
        return answer
    if kept.request_digest != once.digest:
        raise Problem(422, "This Idempotency-Key was used for another request.", type="idempotency-key-reused")
    return Answer(kept.status, bytes(kept.body), dict(kept.headers), replayed=True)
