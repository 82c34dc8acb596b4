"""Pieces of a stream's rows: written as they come, joined like the digits of a binary counter, read by ranges of steps.

A body is a msgpack list: steps (columns.encode_steps), times and runtimes as float64, and zlib of the JSON of the extras by step.
"""

import zlib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import msgpack
import numpy as np
from sqlalchemy import delete, func, select
from sqlalchemy.orm import Session

from store import columns, database, dialect
from store.columns import Steps, Values
from store.database import fetch
from store.history_rows import Extra, Rows
from store.stream_tables import HistoryPiece

MOST_ROWS, MOST_BYTES = 4096, 500_000  # of a piece that is still joined to others
LATEST = 2**63 - 1
NONE = -1


@dataclass(frozen=True)
class Piece:
    """Rows without their numbers; `extras` by step."""

    steps: Steps
    times: Values
    runtimes: Values
    extras: dict[int, Extra]

    def __len__(self) -> int:
        return len(self.steps)

    def upto(self, step: int) -> "Piece":
        stop = int(np.searchsorted(self.steps, step, "right"))
        extras = {at: extra for at, extra in self.extras.items() if at <= step}
        return Piece(self.steps[:stop], self.times[:stop], self.runtimes[:stop], extras)


def put(session: Session, run_id: str, stream: str, rows: Rows) -> None:
    """Keep these rows. The caller holds the run's row locked."""
    if not len(rows):
        return
    fresh = Piece(rows.steps, rows.times, rows.runtimes, dict(rows.extras))
    connection = session.connection()
    last = fetch(connection, _LAST, (run_id, stream))
    number, absorbed, count = (last[0][0] + 1 if last else 0), NONE, len(fresh)
    for its_number, its_rows, its_bytes in last:
        if its_rows > 2 * count or its_rows + count > MOST_ROWS or its_bytes > MOST_BYTES:
            break
        absorbed, count = its_number, count + its_rows
    if absorbed != NONE:
        held = fetch(connection, _BODIES, (run_id, stream, absorbed))
        fresh = joined([*(decode(body) for (body,) in held), fresh])
        database.write(connection, _FORGET, [(run_id, stream, absorbed)])
    write(session, run_id, stream, number, fresh)


def write(session: Session, run_id: str, stream: str, number: int, piece: Piece) -> None:
    row = (run_id, stream, number, int(piece.steps[0]), int(piece.steps[-1]), len(piece), encode(piece))
    database.write(session.connection(), _WRITE, [row])


def joined(pieces: Sequence[Piece]) -> Piece:
    """The pieces as one, ascending by step; of two rows of one step the later holds, key by key."""
    if len(pieces) == 1:
        return pieces[0]
    steps, times = np.concatenate([p.steps for p in pieces]), np.concatenate([p.times for p in pieces])
    runtimes = np.concatenate([p.runtimes for p in pieces])
    extras: dict[int, Extra] = {}
    for piece in pieces:
        for step, extra in piece.extras.items():
            extras[step] = {**extras[step], **extra} if step in extras else extra
    if not (steps[1:] > steps[:-1]).all():
        order = np.argsort(steps, kind="stable")
        order = order[np.append(steps[order][1:] != steps[order][:-1], True)]
        steps, times, runtimes = steps[order], times[order], runtimes[order]
    return Piece(steps, times, runtimes, extras)


def walk(session: Session, run_id: str, stream: str, low: int = 0, high: int = LATEST) -> Iterator[Piece]:
    """Rows from `low` to `high`, both included, in pieces that do not overlap, ascending; from each of these about as many rows as one piece has."""
    asked = select(HistoryPiece.number, HistoryPiece.first_step, HistoryPiece.last_step).where(
        HistoryPiece.run_id == run_id, HistoryPiece.stream == stream, HistoryPiece.last_step >= low, HistoryPiece.first_step <= high
    )
    found = session.execute(asked.order_by(HistoryPiece.first_step, HistoryPiece.number)).all()
    together: list[int] = []
    end = -1
    for row in found:
        if together and row.first_step > end:
            yield _within(_read(session, run_id, stream, together), low, high)
            together = []
        together.append(row.number)
        end = max(end, row.last_step)
    if together:
        yield _within(_read(session, run_id, stream, together), low, high)


def last_step(session: Session, run_id: str, stream: str) -> int:
    """-1 when there is no row."""
    found = session.scalar(select(func.max(HistoryPiece.last_step)).where(HistoryPiece.run_id == run_id, HistoryPiece.stream == stream))
    return -1 if found is None else found


def backwards(session: Session, run_id: str, stream: str, low: int = 0, high: int = LATEST) -> Iterator[Piece]:
    """As `walk`, the last piece first."""
    of = (HistoryPiece.run_id == run_id, HistoryPiece.stream == stream, HistoryPiece.last_step >= low, HistoryPiece.first_step <= high)
    asked = select(HistoryPiece.number, HistoryPiece.first_step, HistoryPiece.last_step).where(*of)
    found = session.execute(asked.order_by(HistoryPiece.last_step.desc(), HistoryPiece.number)).all()
    together: list[int] = []
    begin = LATEST
    for row in found:
        if together and row.last_step < begin:
            yield _within(_read(session, run_id, stream, together), low, high)
            together = []
        together.append(row.number)
        begin = min(begin, row.first_step)
    if together:
        yield _within(_read(session, run_id, stream, together), low, high)


def are_there(session: Session, run_id: str, stream: str) -> bool:
    of = (HistoryPiece.run_id == run_id, HistoryPiece.stream == stream)
    return session.scalar(select(HistoryPiece.number).where(*of).limit(1)) is not None


def count(session: Session, run_id: str, stream: str) -> int:
    """How many rows there are."""
    return sum(len(piece) for piece in walk(session, run_id, stream))


def cut(session: Session, run_id: str, stream: str, from_step: int) -> None:
    """Drop the rows of that step and behind it."""
    of = (HistoryPiece.run_id == run_id, HistoryPiece.stream == stream)
    _drop(session, *of, HistoryPiece.first_step >= from_step)
    reaching = session.execute(select(HistoryPiece.number, HistoryPiece.body).where(*of, HistoryPiece.last_step >= from_step)).all()
    for row in reaching:
        _drop(session, *of, HistoryPiece.number == row.number)
        write(session, run_id, stream, row.number, decode(row.body).upto(from_step - 1))


def encode(piece: Piece) -> bytes:
    extras = zlib.compress(dialect.dumps({str(step): extra for step, extra in piece.extras.items()}).encode(), 1) if piece.extras else b""
    floats = (piece.times.astype("<f8").tobytes(), piece.runtimes.astype("<f8").tobytes())
    return bytes(msgpack.packb((len(piece), columns.encode_steps(piece.steps), *floats, extras)))


def decode(body: bytes) -> Piece:
    """Raises ValueError for a damaged piece."""
    try:
        length, steps, times, runtimes, extras = msgpack.unpackb(body)
        told = dialect.loads(zlib.decompress(extras)) if extras else {}
    except (msgpack.UnpackException, zlib.error, TypeError) as error:
        raise ValueError(f"a piece of a history is damaged: {error}") from error
    by_step = {int(step): extra for step, extra in told.items()}
    return Piece(columns.decode_steps(steps, length), np.frombuffer(times, "<f8"), np.frombuffer(runtimes, "<f8"), by_step)


def _read(session: Session, run_id: str, stream: str, numbers: Sequence[int]) -> Piece:
    parts: list[Piece] = []
    for start in range(0, len(numbers), 500):
        of = (HistoryPiece.run_id == run_id, HistoryPiece.stream == stream, HistoryPiece.number.in_(sorted(numbers)[start : start + 500]))
        parts += map(decode, session.scalars(select(HistoryPiece.body).where(*of).order_by(HistoryPiece.number)))
    return joined(parts)


def _within(piece: Piece, low: int, high: int) -> Piece:
    start, stop = int(np.searchsorted(piece.steps, low, "left")), int(np.searchsorted(piece.steps, high, "right"))
    extras = {step: extra for step, extra in piece.extras.items() if low <= step <= high}
    return Piece(piece.steps[start:stop], piece.times[start:stop], piece.runtimes[start:stop], extras)


def _drop(session: Session, *which: object) -> None:
    session.execute(delete(HistoryPiece).where(*which), execution_options={"synchronize_session": False})  # type: ignore[arg-type]


_LAST = "SELECT number, count, length(body) FROM history_pieces WHERE run_id = ? AND stream = ? ORDER BY number DESC LIMIT 16"
_BODIES = "SELECT body FROM history_pieces WHERE run_id = ? AND stream = ? AND number >= ? ORDER BY number"
_FORGET = "DELETE FROM history_pieces WHERE run_id = ? AND stream = ? AND number >= ?"
_WRITE = "INSERT INTO history_pieces (run_id, stream, number, first_step, last_step, count, body) VALUES (?, ?, ?, ?, ?, ?, ?)"
