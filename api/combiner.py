"""Group commit: appends that wait share one transaction, so that many small ones cost one fsync.

with combiner.room(len(body)):              # raises Busy when too much waits already
    appended = await combiner.append(sent)  # committed and durable
"""

import asyncio
import threading
from collections import deque
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, replace

import numpy as np
from sqlalchemy import Connection
from sqlalchemy import exc as sql
from sqlalchemy.orm import Session

from api.problems import Problem
from store import logged, runs, series
from store.blocks import Group
from store.database import Database
from store.errors import Conflict, NotFound
from store.logged import Logged
from store.series import Appended

MOST_WAITING = 1000
MOST_WAITING_BYTES = 64_000_000  # of bodies; one body is let in whatever its size
MOST_TOGETHER = 100
MOST_TOGETHER_BYTES = 4_000_000  # the others who write must get their turn
RETRY_AFTER_S = 1
TROUBLE = (sql.OperationalError, sql.TimeoutError, sql.DisconnectionError)  # the database's, not of one append

Result = Appended | Exception


class Busy(Problem):
    def __init__(self) -> None:
        super().__init__(
            503, "More points wait to be written than this service takes at once; try again.", headers={"Retry-After": str(RETRY_AFTER_S)}
        )


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
    """One thread that writes all appends of this process, those that came meanwhile together."""

    def __init__(self, db: Database) -> None:
        self._db = db
        self._waiting: deque[_Waiting] = deque()
        self._changed = threading.Condition()
        self._stopping = False
        self._count = self._bytes = 0
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

    @contextmanager
    def room(self, size_bytes: int) -> Iterator[None]:
        """A place for one body, from before it is decoded until it is committed. Raises Busy."""
        if self._count >= MOST_WAITING or (self._count and self._bytes + size_bytes > MOST_WAITING_BYTES):
            raise Busy
        self._count += 1
        self._bytes += size_bytes
        try:
            yield
        finally:
            self._count -= 1
            self._bytes -= size_bytes

    async def append(self, append: Append) -> Appended:
        """What was taken, committed. Raises RunNotFound, NotAClientRun, RunIsTerminal, Problem 422."""
        loop = asyncio.get_running_loop()
        waiting = _Waiting(append, loop, loop.create_future())
        with self._changed:
            if self._stopping:
                raise Busy
            self._waiting.append(waiting)
            self._changed.notify()
        return await waiting.result

    def _run(self) -> None:
        connection: Connection | None = None
        while batch := self._next():
            try:
                connection = connection or self._db.writer()
                results = commit(connection, [waiting.append for waiting in batch])
                self._db.tell(connection)
            except Exception as error:
                results = [error] * len(batch)
            with suppress(RuntimeError):  # the loop is closed: nobody waits any more
                batch[0].loop.call_soon_threadsafe(_deliver, batch, results)
        if connection is not None:
            connection.close()

    def _next(self) -> list[_Waiting]:
        """Appends to write together; empty when it is time to end."""
        with self._changed:
            self._changed.wait_for(lambda: self._waiting or self._stopping)
            batch: list[_Waiting] = []
            size_bytes = 0
            while (
                self._waiting and len(batch) < MOST_TOGETHER and (not batch or size_bytes + self._waiting[0].append.size_bytes <= MOST_TOGETHER_BYTES)
            ):
                batch.append(self._waiting.popleft())
                size_bytes += batch[-1].append.size_bytes
            return batch


def commit(connection: Connection, batch: Sequence[Append]) -> list[Result]:
    """What became of each: an error of one leaves the others as if it had never come."""
    try:
        with connection.begin():
            return _written(connection, batch)
    except Exception as error:
        if getattr(error, "connection_invalidated", False):  # appending is idempotent: what the lost connection had committed is not doubled
            return _again(connection, batch, error)
        if len(batch) == 1 or isinstance(error, TROUBLE):
            return [error] * len(batch)
    return [commit(connection, [append])[0] for append in batch]


def _again(connection: Connection, batch: Sequence[Append], first: Exception) -> list[Result]:
    """By a new connection, once."""
    try:
        with connection.begin():
            return _written(connection, batch)
    except TROUBLE as error:
        return [error] * len(batch)
    except Exception:
        return [first] * len(batch)


def _written(connection: Connection, batch: Sequence[Append]) -> list[Result]:
    results: dict[int, Result] = {}
    found = logged.lock(connection, sorted({append.run_id for append in batch}))
    alive = [place for place, append in enumerate(batch) if _may_write(connection, append, found.get(append.run_id), results, place)]
    logged.touch(connection, [found[run_id] for run_id in sorted({batch[place].run_id for place in alive})])
    heads = {run_id: run.head for run_id, run in found.items()}
    while alive:  # one append of each run at a time: a later one must see what an earlier one of the same run wrote
        together = {batch[place].run_id: place for place in reversed(alive)}
        groups = {run_id: batch[place].groups_at(found[run_id].moment) for run_id, place in together.items()}
        appended = series.append_all(connection, heads, groups)
        results |= {place: appended[run_id] for run_id, place in together.items()}
        alive = [place for place in alive if place not in results]
    return [results[place] for place in range(len(batch))]


def _may_write(connection: Connection, append: Append, run: Logged | None, results: dict[int, Result], place: int) -> bool:
    """Whether the run takes points from this caller; if not, `results` gets the error that says why."""
    if run is not None and append.entity in (None, run.entity) and run.takes_points:
        return True
    try:
        with Session(connection) as session:
            runs.must_take_writes(runs.get(session, append.run_id, append.entity))
    except (NotFound, Conflict) as error:
        results[place] = error
    return False


def _deliver(batch: Sequence[_Waiting], results: Sequence[Result]) -> None:
    for waiting, result in zip(batch, results, strict=True):
        if waiting.result.done():  # the caller has gone
            continue
        if isinstance(result, Exception):
            waiting.result.set_exception(result)
        else:
            waiting.result.set_result(result)
