"""Console output by numbered lines, each of which may be written over later, as a progress bar is; with the level and time that a client names.

The lines lie in the run's log (logs.py), where everybody reads them.
"""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import orjson
from sqlalchemy import delete, func, select
from sqlalchemy.orm import Session

from store import dialect, heads, streamed
from store.logs import MAX_LINE, PIECE_CHARACTERS
from store.stream_tables import StreamMark
from store.streamed import OUTPUT
from store.tables import LogLines

MOST_SPANS = 200  # of a writer's lines, whose place in the log is remembered
PLAIN = re.compile(r"(?:(ERROR|WARNING|WARN|INFO|DEBUG) )?(\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(?:\.\d+)?Z?) (.*)", re.DOTALL)


@dataclass(frozen=True)
class Line:
    """A line of output; `level`, `time` (RFC 3339) and `label` (who wrote it, where several do) are empty where nothing was said."""

    text: str
    level: str = ""
    time: str = ""
    label: str = ""

    @property
    def marks(self) -> list[str] | None:
        return [self.level, self.time, self.label] if self.level or self.time or self.label else None


def line_of(sent: str) -> Line:
    """A line as the SDK sends it: an object with `content`, or a plain text that a level and a time may stand before."""
    if sent.startswith("{"):
        try:
            told = dialect.loads(sent)
        except (ValueError, RecursionError):
            told = None
        if isinstance(told, dict) and isinstance(told.get("content"), str):
            level, time, label = (str(told.get(name) or "")[:64] for name in ("level", "ts", "label"))
            return Line(_tame(told["content"]), _tame(level), _tame(time), _tame(label))
    match = PLAIN.fullmatch(sent[: MAX_LINE + 100])
    return Line(_tame(match[3]), (match[1] or "").lower(), match[2]) if match else Line(_tame(sent))


def append(session: Session, run_id: str, offset: int, sent: Sequence[Any], writer: str = "") -> None:
    """Take a writer's lines, the first of which is its number `offset`; a number that it sent before is written over.

    The caller holds the run's row locked.
    """
    held = streamed.mark(session, run_id, OUTPUT, writer)
    streamed.fresh(held, offset, sent)
    numbers = _placed(held, offset, len(sent), count(session, run_id))
    put(session, run_id, dict(zip(numbers, (line_of(text if isinstance(text, str) else str(text)) for text in sent), strict=True)))


def put(session: Session, run_id: str, lines: Mapping[int, Line]) -> None:
    """Set these lines by their numbers in the log, which leave none out."""
    if not lines:
        return
    end = count(session, run_id)
    _write_over(session, run_id, {number: line for number, line in lines.items() if number < end})
    _write(session, run_id, end, [line for number, line in sorted(lines.items()) if number >= end])


def read(session: Session, run_id: str, first: int = 0, limit: int = 1000) -> list[tuple[int, Line]]:
    """Up to `limit` lines by their numbers, from number `first` on."""
    asked = select(LogLines).where(LogLines.run_id == run_id, LogLines.number + LogLines.count > first).order_by(LogLines.number).limit(limit)
    found: list[tuple[int, Line]] = []
    for piece in session.scalars(asked):
        found += [(piece.number + place, line) for place, line in enumerate(_lines(piece)) if piece.number + place >= first]
        if len(found) >= limit:
            break
    return found[:limit]


def tail(session: Session, run_id: str, limit: int = 1000) -> list[tuple[int, Line]]:
    """The last lines by their numbers."""
    return read(session, run_id, max(0, count(session, run_id) - limit), limit)


def count(session: Session, run_id: str) -> int:
    """How many lines the log has."""
    return session.scalar(select(func.max(LogLines.number + LogLines.count)).where(LogLines.run_id == run_id)) or 0


def clear(session: Session, run_id: str) -> None:
    """Drop the log. The caller tells who follows it."""
    session.execute(delete(LogLines).where(LogLines.run_id == run_id), execution_options={"synchronize_session": "fetch"})


def _placed(held: StreamMark, offset: int, length: int, end: int) -> list[int]:
    """Where these lines of a writer belong in the log, whose end is `end`: where they are, or behind it."""
    known = {
        number: log + number - first for first, log, span in held.placed for number in range(max(first, offset), min(first + span, offset + length))
    }
    spans = [list(span) for span in held.placed]
    numbers = []
    for number in range(offset, offset + length):
        place = known.get(number)
        if place is None:
            place, end = end, end + 1
            if spans and spans[-1][0] + spans[-1][2] == number and spans[-1][1] + spans[-1][2] == place:
                spans[-1][2] += 1
            else:
                spans.append([number, place, 1])
        numbers.append(place)
    held.placed = spans[-MOST_SPANS:]
    return numbers


def _write_over(session: Session, run_id: str, lines: Mapping[int, Line]) -> None:
    if not lines:
        return
    asked = select(LogLines).where(LogLines.run_id == run_id, LogLines.number <= max(lines), LogLines.number + LogLines.count > min(lines))
    for piece in session.scalars(asked.order_by(LogLines.number)).all():
        held = _lines(piece)
        new = [lines.get(piece.number + place, line) for place, line in enumerate(held)]
        if new != held:
            piece.text, piece.marks = _text(new), _marks(new)
            piece.version = heads.advance(session.connection(), run_id)
    session.flush()


def _write(session: Session, run_id: str, number: int, lines: Sequence[Line]) -> None:
    start = size = 0
    for place, line in enumerate(lines):
        size += len(line.text) + 1
        if size >= PIECE_CHARACTERS or place == len(lines) - 1:
            piece = lines[start : place + 1]
            version = heads.advance(session.connection(), run_id)
            row = {"run_id": run_id, "number": number + start, "count": len(piece), "attempt": 0, "version": version}
            session.add(LogLines(**row, text=_text(piece), marks=_marks(piece)))
            start, size = place + 1, 0
    session.flush()


def _lines(piece: LogLines) -> list[Line]:
    texts = piece.text.split("\n")
    marks: list[list[str] | None] = orjson.loads(piece.marks) if piece.marks else [None] * len(texts)
    return [Line(text, *(mark or ())) for text, mark in zip(texts, marks, strict=True)]


def _text(lines: Sequence[Line]) -> str:
    return "\n".join(line.text for line in lines)


def _marks(lines: Sequence[Line]) -> str | None:
    marks = [line.marks for line in lines]
    return orjson.dumps(marks).decode() if any(marks) else None


def _tame(text: str) -> str:
    plain = text.replace("\0", "\N{REPLACEMENT CHARACTER}").replace("\n", " ").encode("utf-8", "replace").decode()
    return plain if len(plain) <= MAX_LINE else plain[:MAX_LINE] + " ... (cut)"
