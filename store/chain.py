"""The digest chain of a run. The last attempt that passed a step says what the training was like there."""

from collections.abc import Mapping, Sequence

from sqlalchemy import delete, select
from sqlalchemy.orm import Session

from store.database import insert_into
from store.fence import Claim, must_own
from store.tables import Link
from trainer.events import PARTS, Digests

SIZE = 32


def append(session: Session, claim: Claim, links: Sequence[Digests]) -> None:
    """Raises LeaseLost. ValueError when a link lacks a part."""
    must_own(session, claim)
    rows = {link.step: {"run_id": claim.run_id, "step": link.step, "attempt": claim.attempt, "digests": _packed(link.parts)} for link in links}
    new = insert_into(session, Link).values(list(rows.values()))
    held = {name: new.excluded[name] for name in ("attempt", "digests")}
    session.execute(new.on_conflict_do_update(index_elements=["run_id", "step"], set_=held))


def cut(session: Session, run_id: str, from_step: int) -> None:
    """Drop every link from that step on."""
    session.execute(delete(Link).where(Link.run_id == run_id, Link.step >= from_step), execution_options={"synchronize_session": False})


def read(session: Session, run_id: str) -> dict[int, dict[str, str]]:
    """By step in ascending order, of each part its SHA-256 in hex; empty when the run has no chain."""
    rows = session.execute(select(Link.step, Link.digests).where(Link.run_id == run_id).order_by(Link.step))
    return {step: {part: digests[at * SIZE : (at + 1) * SIZE].hex() for at, part in enumerate(PARTS)} for step, digests in rows}


def _packed(parts: Mapping[str, str]) -> bytes:
    packed = b"".join(bytes.fromhex(parts.get(part, "")) for part in PARTS)
    if len(packed) != SIZE * len(PARTS):
        raise ValueError(f"a link of the chain needs a SHA-256 of each of {', '.join(PARTS)}")
    return packed
