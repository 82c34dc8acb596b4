"""Runs that are written in streams of lines: which lines were taken, the summary as it was sent, and what was set aside."""

from collections.abc import Mapping, Sequence
from typing import Any

from sqlalchemy import delete, select
from sqlalchemy.orm import Session

from store import dialect, heads
from store.search.leaves import write_summary
from store.stream_tables import Streamed, StreamMark
from store.tables import Run

HISTORY, EVENTS, OUTPUT = "history", "events", "output"
MOST_SPANS = 1000
LONGEST_REASON = 500
MOST_KINDS = 10_000


def of(session: Session, run_id: str) -> Streamed:
    """What is kept of the run, to be written to; made when there is none. The caller holds the run's row locked."""
    found = session.get(Streamed, run_id, populate_existing=True)
    if found is None:
        found = Streamed(run_id=run_id, summary="{}", kinds={}, set_aside=0, set_aside_reason=None)
        session.add(found)
        session.flush()
    return found


def mark(session: Session, run_id: str, stream: str, writer: str = "") -> StreamMark:
    """Which lines of a writer's stream were taken, to be written to; made when there is none."""
    found = session.get(StreamMark, (run_id, stream, writer), populate_existing=True)
    if found is None:
        found = StreamMark(run_id=run_id, stream=stream, writer=writer, taken=[], placed=[])
        session.add(found)
        session.flush()
    return found


def fresh(held: StreamMark, offset: int, lines: Sequence[Any]) -> list[Any]:
    """Those of the lines, the first of which has the number `offset`, that were not taken before; from now on they are."""
    end = offset + len(lines)
    wanted = [*lines]
    begin = offset
    found: list[Any] = []
    for low, high in [*((low, high) for low, high in held.taken if high > offset and low < end), (end, end)]:
        found += wanted[max(0, begin - offset) : max(0, low - offset)]
        begin = max(begin, high)
    held.taken = _with(held.taken, offset, end)
    return found


def count_lines(session: Session, run_id: str, stream: str) -> int:
    """How many lines of the stream there are: the number of the next one that its one writer sends."""
    held = session.get(StreamMark, (run_id, stream, ""), populate_existing=True)
    return held.taken[-1][1] if held is not None and held.taken else 0


def set_lines(session: Session, run_id: str, stream: str, lines: int) -> None:
    """From now on the stream has so many lines; nothing is known of several writers' lines."""
    gone = delete(StreamMark).where(StreamMark.run_id == run_id, StreamMark.stream == stream)
    session.execute(gone, execution_options={"synchronize_session": "fetch"})
    mark(session, run_id, stream).taken = [[0, lines]] if lines else []
    session.flush()


def summary(session: Session, run_id: str) -> dict[str, Any] | None:
    """The summary with its integers exact, NaN and the infinities as floats; None for a run that never had one."""
    text = session.scalar(select(Streamed.summary).where(Streamed.run_id == run_id))
    found: dict[str, Any] | None = None if text is None else dialect.loads(text)
    return found


def summaries(session: Session, run_ids: Sequence[str]) -> dict[str, dict[str, Any]]:
    """The summaries of those of the runs that have one."""
    rows = session.execute(select(Streamed.run_id, Streamed.summary).where(Streamed.run_id.in_(run_ids)))
    return {row.run_id: dialect.loads(row.summary) for row in rows}


def set_summary(session: Session, run_id: str, value: Mapping[str, Any]) -> None:
    """Put this in the summary's place; who follows the run is told. The caller holds the run's row locked."""
    of(session, run_id).summary = dialect.dumps(dict(value))
    session.flush()
    write_summary(session, run_id, value)
    heads.advance(session.connection(), run_id)


def set_aside(session: Session, run_id: str, reasons: Sequence[str]) -> None:
    """Count lines that could not be taken, on the run."""
    if reasons:
        held = of(session, run_id)
        last = reasons[-1][:LONGEST_REASON].replace("\0", "\N{REPLACEMENT CHARACTER}").encode("utf-8", "replace").decode()
        held.set_aside, held.set_aside_reason = held.set_aside + len(reasons), last
        session.flush()
        connection = session.connection()
        head = heads.read(connection, [run_id])[run_id]
        head.refused += len(reasons)
        head.version += 1
        heads.write(connection, [head])


def set_aside_reason(session: Session, run_id: str) -> str | None:
    """Why the last of the lines that could not be taken could not."""
    return session.scalar(select(Streamed.set_aside_reason).where(Streamed.run_id == run_id))


def count_kinds(held: Streamed, extras: Mapping[int, Mapping[str, Any]], kind_of: Any) -> None:
    """Count the types of values that are no numbers of a series, by key."""
    kinds = {key: dict(counts) for key, counts in held.kinds.items()}
    for extra in extras.values():
        for key, value in extra.items():
            if key in kinds or len(kinds) < MOST_KINDS:
                counts, kind = kinds.setdefault(key, {}), kind_of(value)
                if kind in counts or len(counts) < 20:
                    counts[kind] = counts.get(kind, 0) + 1
    if kinds != held.kinds:
        held.kinds = kinds


def forget(session: Session, run: Run) -> None:
    """Drop what is kept of the run's streams."""
    for table in (StreamMark, Streamed):
        session.execute(delete(table).where(table.run_id == run.id), execution_options={"synchronize_session": "fetch"})
    write_summary(session, run.id, {})


def _with(taken: Sequence[Any], low: int, high: int) -> list[Any]:
    if high <= low:
        return list(taken)
    spans: list[list[int]] = []
    for begin, end in sorted([*((a, b) for a, b in taken), (low, high)]):
        if spans and begin <= spans[-1][1]:
            spans[-1][1] = max(spans[-1][1], end)
        else:
            spans.append([begin, end])
    while len(spans) > MOST_SPANS:  # the oldest gaps count as lost
        spans[0:2] = [[spans[0][0], spans[1][1]]]
    return spans
