"""Probes: one layer, one input, soon done. A row is the whole of it: its state, who works on it, and what came out."""

import zlib
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import orjson
from sqlalchemy import delete, func, or_, select, update
from sqlalchemy.orm import Session

from store.database import now
from store.errors import NotFound
from store.ids import new_id
from store.layer_tables import Probe

KEPT_S = 24 * 3600.0
MOST_WAITING = 200
MOST_ATTEMPTS = 3
LEASE_S = 90.0


class ProbeNotFound(NotFound):
    def __init__(self, probe_id: str) -> None:
        super().__init__("probe", probe_id)


@dataclass(frozen=True)
class Taken:
    """A probe that a worker has at hand until its lease ends."""

    id: str
    attempt: int
    request: dict[str, Any]
    config: dict[str, Any] | None


def add(session: Session, request: Mapping[str, Any], config: Mapping[str, Any] | None, *, entity: str | None, created_by: str) -> Probe:
    """A queued probe; `config` is that of the run whose images it takes."""
    probe = Probe(
        id=new_id(),
        entity=entity,
        created_by=created_by,
        request=dict(request),
        config=None if config is None else dict(config),
        state="queued",
        attempt=0,
        created_at=session.scalar(select(now())) or 0.0,
    )
    session.add(probe)
    session.flush()
    return probe


def waiting(session: Session) -> int:
    return session.scalar(select(func.count()).select_from(Probe).where(Probe.state == "queued")) or 0


def get(session: Session, probe_id: str, entity: str | None = None) -> Probe:
    """Raises ProbeNotFound, also when another entity asked for it, or it is too old to be kept."""
    probe = session.get(Probe, probe_id, populate_existing=True)
    if probe is None or entity not in (None, probe.entity):
        raise ProbeNotFound(probe_id)
    return probe


def remove(session: Session, probe: Probe) -> None:
    """Whatever became of it: a worker that has it at hand finds nowhere to write."""
    session.execute(delete(Probe).where(Probe.id == probe.id))


def result(probe: Probe) -> dict[str, Any] | None:
    if probe.result is None:
        return None
    document: dict[str, Any] = orjson.loads(zlib.decompress(probe.result))
    return document


def is_there_one(session: Session) -> bool:
    """Whether `take` would find something; reads only."""
    return session.scalar(select(Probe.id).where(_due()).limit(1)) is not None


def take(session: Session, node: str) -> Taken | None:
    """The probe that has waited longest, or whose worker stopped answering. None when there is none.

    One that has cost three workers their lives ends as failed.
    """
    oldest = select(Probe.id).where(_due()).order_by(Probe.created_at).limit(1).with_for_update(skip_locked=True)
    while (found := session.scalar(oldest)) is not None:
        mine = update(Probe).where(Probe.id == found, _due()).returning(Probe.attempt, Probe.request, Probe.config)
        lease = {"state": "running", "node": node, "lease_until": now() + LEASE_S, "attempt": Probe.attempt + 1}
        row = session.execute(mine.values(**lease).execution_options(synchronize_session=False)).one_or_none()
        if row is None:
            return None
        taken = Taken(found, row.attempt, row.request, row.config)
        if row.attempt <= MOST_ATTEMPTS:
            return taken
        fail(session, taken, f"given up after {MOST_ATTEMPTS} tries: its worker stopped answering each time")
    return None


def finish(session: Session, taken: Taken, document: Mapping[str, Any]) -> bool:
    """Whether it was still ours to finish."""
    body = zlib.compress(orjson.dumps(document), 1)
    return _write(session, taken, {"state": "finished", "result": body, "finished_at": now(), "lease_until": None})


def fail(session: Session, taken: Taken, reason: str) -> bool:
    return _write(session, taken, {"state": "failed", "reason": reason, "finished_at": now(), "lease_until": None})


def give_back(session: Session, taken: Taken, reason: str) -> bool:
    """Let another worker try, or end as failed when enough have."""
    if taken.attempt >= MOST_ATTEMPTS:
        return fail(session, taken, f"given up after {taken.attempt} tries: {reason}")
    return _write(session, taken, {"state": "queued", "node": None, "lease_until": None})


def release(session: Session, taken: Taken) -> bool:
    """The same for a worker that is going away, which counts as no try."""
    return _write(session, taken, {"state": "queued", "node": None, "lease_until": None, "attempt": Probe.attempt - 1})


def is_there_an_old_one(session: Session) -> bool:
    """Whether `expire` would find something; reads only."""
    return session.scalar(select(Probe.id).where(Probe.created_at < now() - KEPT_S).limit(1)) is not None


def expire(session: Session, limit: int = 100) -> int:
    """How many were too old and are gone now."""
    old = select(Probe.id).where(Probe.created_at < now() - KEPT_S).limit(limit)
    gone = session.execute(delete(Probe).where(Probe.id.in_(old)), execution_options={"synchronize_session": False})
    return gone.rowcount  # type: ignore[attr-defined,no-any-return]


def _due() -> Any:
    return or_(Probe.state == "queued", (Probe.state == "running") & (Probe.lease_until < now()))


def _write(session: Session, taken: Taken, values: Mapping[str, Any]) -> bool:
    ours = update(Probe).where(Probe.id == taken.id, Probe.attempt == taken.attempt, Probe.state == "running").values(**values)
    return session.execute(ours.execution_options(synchronize_session=False).returning(Probe.id)).one_or_none() is not None
