"""A run's console output, by lines counted from 0 over all its attempts."""

from collections.abc import Iterator, Sequence

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from store import heads
from store.tables import LogLines

MAX_LINE = 4096
PIECE_CHARACTERS = 50_000  # so much of a log lies in one row


def append(session: Session, run_id: str, attempt: int, lines: Sequence[str]) -> int:
    """The number of the first of these lines. Over-long lines are cut, NULs replaced: both databases take any other text.

    The caller holds the run's row locked.
    """
    last = session.scalars(select(LogLines).where(LogLines.run_id == run_id).order_by(LogLines.number.desc()).limit(1)).one_or_none()
    first = number = 0 if last is None else last.number + last.count
    for piece in _pieces([_tame(line) for line in lines]):
        version = heads.advance(session.connection(), run_id)
        session.add(LogLines(run_id=run_id, number=number, count=len(piece), attempt=attempt, version=version, text="\n".join(piece)))
        number += len(piece)
    session.flush()
    return first


def read(session: Session, run_id: str, after: int = -1, limit: int = 1000) -> list[tuple[int, str]]:
    """Up to `limit` (number, line) whose number is greater than `after`."""
    pieces = select(LogLines).where(LogLines.run_id == run_id, LogLines.number + LogLines.count > after + 1).order_by(LogLines.number)
    found: list[tuple[int, str]] = []
    for piece in session.scalars(pieces.limit(limit)):
        found += [(piece.number + i, line) for i, line in enumerate(piece.text.split("\n")) if piece.number + i > after]
        if len(found) >= limit:
            break
    return found[:limit]


def texts(session: Session, run_id: str, after: int = -1, most_characters: int = 1_000_000) -> list[tuple[int, str]]:
    """Pieces of the output behind line `after`, each with the number of its last line: about so many characters, and one piece at least."""
    behind = (LogLines.run_id == run_id, LogLines.number > after)
    lengths = session.execute(select(LogLines.number, func.length(LogLines.text)).where(*behind).order_by(LogLines.number).limit(1000))
    last, characters = None, 0
    for number, length in lengths:
        if last is not None and characters + length > most_characters:
            break
        last, characters = number, characters + length
    if last is None:
        return []
    found = select(LogLines.number, LogLines.count.label("lines"), LogLines.text).where(*behind, LogLines.number <= last).order_by(LogLines.number)
    return [(row.number + row.lines - 1, row.text) for row in session.execute(found)]


def _pieces(lines: Sequence[str]) -> Iterator[Sequence[str]]:
    start = size = 0
    for place, line in enumerate(lines):
        size += len(line) + 1
        if size >= PIECE_CHARACTERS or place == len(lines) - 1:
            yield lines[start : place + 1]
            start, size = place + 1, 0


def _tame(line: str) -> str:
    plain = line.replace("\0", "\N{REPLACEMENT CHARACTER}").replace("\n", " ").encode("utf-8", "replace").decode()
    return plain if len(plain) <= MAX_LINE else plain[:MAX_LINE] + " ... (cut)"
