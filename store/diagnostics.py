"""Snapshots of a run's layers, kept as they came: a row for each step and kind. A later attempt's take the place of an earlier one's."""

import zlib
from collections.abc import Generator, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import orjson
from sqlalchemy import ColumnElement, func, select
from sqlalchemy.orm import Session

from store.database import Database, insert_into
from store.fence import Claim, must_own
from store.layer_tables import LayerSnapshot
from trainer.events import Snapshot

MOST_BYTES = 32_000_000  # of one run
AT_ONCE = 50


@dataclass(frozen=True)
class Taken:
    """The rows of one kind at one step, a row for each layer: its name, its module, its statistics."""

    step: int
    kind: str
    layers: list[dict[str, Any]]


def keep(session: Session, claim: Claim, snapshots: Sequence[Snapshot]) -> int | None:
    """The first step for which the run had no room; None when all are kept. Raises LeaseLost."""
    must_own(session, claim)
    size = session.scalar(select(func.coalesce(func.sum(func.length(LayerSnapshot.body)), 0)).where(LayerSnapshot.run_id == claim.run_id)) or 0
    for snapshot in snapshots:
        bodies = {kind: zlib.compress(orjson.dumps(layers), 1) for kind, layers in snapshot.layers.items()}
        size += sum(map(len, bodies.values()))
        if size > MOST_BYTES:
            return snapshot.step
        for kind, body in bodies.items():
            row = insert_into(session, LayerSnapshot).values(run_id=claim.run_id, step=snapshot.step, kind=kind, body=body)
            session.execute(row.on_conflict_do_update(index_elements=["run_id", "step", "kind"], set_={"body": body}))
    return None


def kinds(session: Session, run_id: str) -> list[str]:
    """The kinds that the run has rows of, by name."""
    return list(session.scalars(select(LayerSnapshot.kind).where(LayerSnapshot.run_id == run_id).distinct().order_by(LayerSnapshot.kind)))


def count(session: Session, which: Sequence[ColumnElement[bool]]) -> int:
    return session.scalar(select(func.count()).select_from(LayerSnapshot).where(*which)) or 0


def read(session: Session, which: Sequence[ColumnElement[bool]]) -> Generator[Taken, None, None]:
    """By kind, then by step. To be closed by who does not read to the end."""
    found = select(LayerSnapshot.step, LayerSnapshot.kind, LayerSnapshot.body).where(*which).order_by(LayerSnapshot.kind, LayerSnapshot.step)
    with session.execute(found.execution_options(yield_per=AT_ONCE)) as rows:
        for step, kind, body in rows:
            yield Taken(step, kind, _unpacked(body))


def pieces(db: Database, run_id: str) -> Iterator[list[Taken]]:
    """All there is of a run, by step, some at a time, each time in a snapshot of its own."""
    after: tuple[int, str] = (-1, "")
    row = LayerSnapshot
    while True:
        later = (row.step > after[0]) | ((row.step == after[0]) & (row.kind > after[1]))
        some = select(row.step, row.kind, row.body).where(row.run_id == run_id, later).order_by(row.step, row.kind).limit(AT_ONCE)
        with db.read() as session:
            found = [Taken(step, kind, _unpacked(body)) for step, kind, body in session.execute(some)]
        if not found:
            return
        yield found
        after = (found[-1].step, found[-1].kind)


def within(run_id: str, kind: str | None = None, first: int | None = None, last: int | None = None) -> list[ColumnElement[bool]]:
    """The run's rows of a kind, or of all, at steps from `first` to `last`, both included."""
    found = [LayerSnapshot.run_id == run_id]
    if kind is not None:
        found.append(LayerSnapshot.kind == kind)
    if first is not None:
        found.append(LayerSnapshot.step >= first)
    if last is not None:
        found.append(LayerSnapshot.step <= last)
    return found


def _unpacked(body: bytes) -> list[dict[str, Any]]:
    try:
        layers: list[dict[str, Any]] = orjson.loads(zlib.decompress(body))
    except zlib.error as error:
        raise ValueError(f"a snapshot of layers is damaged: {error}") from error
    return layers
