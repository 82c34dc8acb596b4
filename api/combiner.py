"""Group commit: appends that wait share one transaction, so that many small ones cost one fsync.

with combiner.waiting.take(len(body)):      # raises Busy when too much waits already
    appended = await combiner.append(sent)  # committed and durable
"""

import asyncio
import threading
import time
from collections import deque
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass, replace

import numpy as np
from sqlalchemy import Connection
from sqlalchemy import exc as sql

from api.room import Busy, Room
from store import direct, logged, runs, series, sums
from store.blocks import Group
from store.database import Database, fetch, pipelined
from store.errors import Conflict, NotFound, RunNotFound
from store.logged import Logged
from store.series import Appended
from store.sums import Sums

MOST_ARRIVING, MOST_ARRIVING_BYTES = 4000, 256_000_000  # of bodies on their way in
MOST_WAITING, MOST_WAITING_BYTES = 1000, 64_000_000  # of bodies from before they are decoded until they are committed
MOST_TOGETHER = 100
MOST_TOGETHER_BYTES = 4_000_000  # the others who write must get their turn
QUICK_BYTES = 100_000  # what is larger is not committed on the event loop
SLOW_S, REST_S = 0.02, 5.0  # after a commit that took longer than the first, the event loop commits nothing for the second
COMMITS_UNTIL_TIDY = 512  # on the event loop, before the thread is asked to copy the log into the database's file
TROUBLE = (sql.OperationalError, sql.TimeoutError, sql.DisconnectionError)  # the database's, not of one append

Result = Appended | Exception


@dataclass(frozen=True)
class Append:
    """Points that a caller who sees `entity` sent to a run; without times, they were logged now."""

    run_id: str
    entity: str | None
    groups: Sequence[Group]
    has_times: bool
    size_bytes: int

    def groups_at(self, moment: float) -> Sequence[Group]:
        if self.has_times:
            return self.groups
        return [replace(group, times=np.full(len(group), round(moment * 1000), np.int64)) for group in self.groups]


@dataclass(frozen=True)
class _Waiting:
    append: Append
    loop: asyncio.AbstractEventLoop
    result: "asyncio.Future[Appended]"


class Combiner:
    """Writes all appends of this process, those that came meanwhile together: to SQLite on the event loop while the disk is quick and nobody else
    writes, which saves two changes of thread for every append; otherwise in a thread, which may wait."""

    def __init__(self, db: Database) -> None:
        self._db = db
        self._queue: deque[_Waiting] = deque()
        self._changed = threading.Condition()
        self._writing = threading.Lock()  # held by whoever takes from the queue and commits: memory is of one order of commits
        self._memory = sums.Memory()
        self._stopping = self._is_due = self._is_asked = False
        self._quick = QuickWriter(db) if db.dialect == "sqlite" else None
        self._direct = None if db.dialect == "sqlite" else DirectWriter(db)
        self.arriving, self.waiting = Room(MOST_ARRIVING, MOST_ARRIVING_BYTES), Room(MOST_WAITING, MOST_WAITING_BYTES)
        self._thread = threading.Thread(target=self._run, name="combiner", daemon=True)

    def start(self) -> None:
        self._thread.start()

    def stop(self) -> None:
        """Returns when all that waited is written."""
        with self._changed:
            self._stopping = True
            self._changed.notify()
        if self._thread.is_alive():
            self._thread.join()
        for writer in (self._quick, self._direct):
            if writer is not None:
                writer.close()

    async def append(self, append: Append) -> Appended:
        """What was taken, committed. Raises RunNotFound, NotAClientRun, RunIsTerminal, Problem 422."""
        loop = asyncio.get_running_loop()
        waiting = _Waiting(append, loop, loop.create_future())
        with self._changed:
            if self._stopping:
                raise Busy
            self._queue.append(waiting)
        if self._quick is None or not self._quick.is_quick or append.size_bytes > QUICK_BYTES:
            self._ask_thread()
        elif not self._is_due:
            self._is_due = True
            loop.call_soon(self._write_here, loop)  # behind the requests that are ready now, so that they share the transaction
        return await waiting.result

    def _ask_thread(self) -> None:
        with self._changed:
            self._is_asked = True
            self._changed.notify()

    def _write_here(self, loop: asyncio.AbstractEventLoop) -> None:
        self._is_due = False
        if self._quick is None or self._stopping or not self._writing.acquire(blocking=False):
            self._ask_thread()
            return
        try:
            batch = self._taken()
            results = self._quick.commit([waiting.append for waiting in batch], self._memory) if batch else []
            if results is None:
                with self._changed:
                    self._queue.extendleft(reversed(batch))
        finally:
            self._writing.release()
        if results is None:
            self._ask_thread()
            return
        _deliver(batch, results)
        if self._queue and not self._is_due:
            self._is_due = True
            loop.call_soon(self._write_here, loop)

    def _run(self) -> None:
        connection: Connection | None = None
        while self._wait():
            with self._writing:
                batch = self._taken()
                try:
                    connection = connection or self._db.writer()
                    results = self._commit(connection, [waiting.append for waiting in batch]) if batch else []
                    self._db.tell(connection)
                except Exception as error:
                    results = [error] * len(batch)
            if batch:
                with suppress(RuntimeError):  # the loop is closed: nobody waits any more
                    batch[0].loop.call_soon_threadsafe(_deliver, batch, results)
            if self._quick is not None and connection is not None:
                self._quick.tidy(connection)
        if connection is not None:
            connection.close()

    def _commit(self, connection: Connection, batch: Sequence[Append]) -> list[Result]:
        if self._direct is None:
            return commit(connection, batch, self._memory)
        return self._direct.commit(batch, self._memory) or commit(connection, batch, self._memory, self._direct.runs)

    def _wait(self) -> bool:
        """Whether there may be something to do; returns when there is, or it is time to end."""
        with self._changed:
            self._changed.wait_for(lambda: self._is_asked or self._stopping)
            self._is_asked = bool(self._queue)
            return not self._stopping or bool(self._queue)

    def _taken(self) -> list[_Waiting]:
        """Appends to write together."""
        with self._changed:
            batch: list[_Waiting] = []
            size_bytes = 0
            while self._queue and len(batch) < MOST_TOGETHER and (not batch or size_bytes + self._queue[0].append.size_bytes <= MOST_TOGETHER_BYTES):
                batch.append(self._queue.popleft())
                size_bytes += batch[-1].append.size_bytes
            return batch


class QuickWriter:
    """A writer for the event loop: it never waits for another writer, nor copies the log into the database's file, and rests after a slow commit."""

    def __init__(self, db: Database) -> None:
        self._db = db
        self._connection: Connection | None = None
        self._rests_until = 0.0
        self._since_tidy = 0

    @property
    def is_quick(self) -> bool:
        return self._since_tidy < COMMITS_UNTIL_TIDY and time.monotonic() >= self._rests_until

    def commit(self, batch: Sequence[Append], memory: sums.Memory) -> list[Result] | None:
        """What became of each; None when somebody else is writing just now, or the database is in trouble that a thread may wait out."""
        begun = time.monotonic()
        try:
            connection = self._connection = self._connection or self._db.impatient_writer()
        except TROUBLE:
            return None
        results = commit(connection, batch, memory)
        if isinstance(results[0], TROUBLE):
            return None
        self._since_tidy += 1
        if time.monotonic() - begun > SLOW_S:
            self._rests_until = time.monotonic() + REST_S
        self._db.tell(connection)
        return results

    def tidy(self, connection: Connection) -> None:
        """Copy what was committed into the database's file, by the connection of a thread."""
        if self._since_tidy >= COMMITS_UNTIL_TIDY // 2:
            self._since_tidy = 0
            with suppress(*TROUBLE):
                fetch(connection, "PRAGMA wal_checkpoint(PASSIVE)")

    def close(self) -> None:
        if self._connection is not None:
            self._connection.close()


class DirectWriter:
    """A writer to PostgreSQL that waits for one answer, for appends of which enough is known from those before them."""

    def __init__(self, db: Database) -> None:
        self._db = db
        self._connection: Connection | None = None
        self.runs = direct.KnownRuns()

    def commit(self, batch: Sequence[Append], memory: sums.Memory) -> list[Result] | None:
        """What became of each; None when nothing was written, or, after an error, perhaps all of it: appending again does not double it."""
        sent: dict[str, Sequence[Group]] = {}
        for append in batch:
            known = self.runs.get(append.run_id)
            if known is None or append.run_id in sent or append.entity not in (None, known.run.entity):
                return None
            sent[append.run_id] = append.groups_at(known.moment)
        try:
            connection = self._connection = self._connection or self._db.direct_writer()
            appended = direct.append(connection, self.runs, memory, sent)
        except sql.SQLAlchemyError:
            self.close()
            return None
        self._db.tell(connection)
        return None if appended is None else [appended[append.run_id] for append in batch]

    def close(self) -> None:
        if self._connection is not None:
            connection, self._connection = self._connection, None
            connection.close()


def commit(connection: Connection, batch: Sequence[Append], memory: sums.Memory, known: direct.KnownRuns | None = None) -> list[Result]:
    """What became of each: an error of one leaves the others as if it had never come. `known` learns the runs."""
    try:
        return _together(connection, batch, memory, known)
    except Exception as error:
        if getattr(error, "connection_invalidated", False):  # appending is idempotent: what the lost connection had committed is not doubled
            return _again(connection, batch, memory, known, error)
        if len(batch) == 1 or isinstance(error, TROUBLE):
            return [error] * len(batch)
    return [commit(connection, [append], memory, known)[0] for append in batch]


def _again(connection: Connection, batch: Sequence[Append], memory: sums.Memory, known: direct.KnownRuns | None, first: Exception) -> list[Result]:
    """By a new connection, once."""
    try:
        return _together(connection, batch, memory, known)
    except TROUBLE as error:
        return [error] * len(batch)
    except Exception:
        return [first] * len(batch)


def _together(connection: Connection, batch: Sequence[Append], memory: sums.Memory, known: direct.KnownRuns | None) -> list[Result]:
    with pipelined(connection), connection.begin():
        run_ids = sorted({append.run_id for append in batch})
        found = logged.lock(connection, run_ids)()
        before = {run_id: run.head.version for run_id, run in found.items()}
        metrics = {run_id: series.metrics_of(append.groups for append in batch if append.run_id == run_id) for run_id in found}
        held = _held(connection, memory, before, metrics)
        results = _written(connection, batch, found, held)
    for run_id, run in found.items():
        memory.keep(run_id, before[run_id], run.head.version, metrics[run_id], held)
    if known is not None:
        known.learn(found.values())
    return results


def _held(connection: Connection, memory: sums.Memory, versions: dict[str, int], metrics: dict[str, list[str]]) -> dict[sums.Name, Sums]:
    """The summaries of these metrics: as this process remembers them, or read."""
    held: dict[sums.Name, Sums] = {}
    unknown = []
    for run_id, version in versions.items():
        recalled = memory.recall(run_id, version, metrics[run_id])
        if recalled is None:
            unknown.append(run_id)
        else:
            held |= recalled
    if unknown:
        held |= sums.read(connection, unknown, list({metric: None for run_id in unknown for metric in metrics[run_id]}))()
    return held


def _written(connection: Connection, batch: Sequence[Append], found: dict[str, Logged], held: dict[sums.Name, Sums]) -> list[Result]:
    results: dict[int, Result] = {}
    for place, append in enumerate(batch):
        try:
            _must_take(append, found.get(append.run_id))
        except (NotFound, Conflict) as error:
            results[place] = error
    alive = [place for place in range(len(batch)) if place not in results]
    logged.touch(connection, [found[run_id] for run_id in sorted({batch[place].run_id for place in alive})])
    heads = {run_id: run.head for run_id, run in found.items()}
    while alive:  # one append of each run at a time: a later one must see what an earlier one of the same run wrote
        together = {batch[place].run_id: place for place in reversed(alive)}
        groups = {run_id: batch[place].groups_at(found[run_id].moment) for run_id, place in together.items()}
        appended = series.append_all(connection, heads, groups, held=held)
        results |= {place: appended[run_id] for run_id, place in together.items()}
        alive = [place for place in alive if place not in results]
    return [results[place] for place in range(len(batch))]


def _must_take(append: Append, run: Logged | None) -> None:
    """Raises RunNotFound, NotAClientRun, RunIsTerminal."""
    if run is None or append.entity not in (None, run.entity):
        raise RunNotFound(append.run_id)
    runs.must_take_writes(run.run_id, run.origin, run.state)


def _deliver(batch: Sequence[_Waiting], results: Sequence[Result]) -> None:
    for waiting, result in zip(batch, results, strict=True):
        if waiting.result.done():  # the caller has gone
            continue
        if isinstance(result, Exception):
            waiting.result.set_exception(result)
        else:
            waiting.result.set_result(result)
