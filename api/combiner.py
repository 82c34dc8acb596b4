"""Group commit: appends that wait share one transaction, so that many small ones cost one fsync.

with combiner.room(len(body)):              # raises Busy when too much waits already
    appended = await combiner.append(sent)  # committed and durable
"""

import asyncio
import threading
from collections import deque
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass

from sqlalchemy import exc as sql
from sqlalchemy import select, update
from sqlalchemy.orm import Session

from api.problems import InvalidValue, Problem
from store import runs, series
from store.database import Database, now
from store.errors import Conflict, NotFound
from store.series import Appended, Points, TooManyMetrics
from store.tables import TRASH, Project, Run

MOST_WAITING = 1000
MOST_WAITING_BYTES = 64_000_000  # of bodies; one body is let in whatever its size
MOST_TOGETHER = 100
MOST_TOGETHER_BYTES = 4_000_000  # the others who write must get their turn
MOST_METRICS = 10_000
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
    """Points that a caller who sees `entity` sent to a run. `times` None means now."""

    run_id: str
    entity: str | None
    steps: Sequence[int]
    times: Sequence[float] | None
    metrics: Mapping[str, Sequence[float | None]]
    size_bytes: int


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
        while batch := self._next():
            results = commit(self._db, [waiting.append for waiting in batch])
            with suppress(RuntimeError):  # the loop is closed: nobody waits any more
                batch[0].loop.call_soon_threadsafe(_deliver, batch, results)

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


def commit(db: Database, batch: Sequence[Append]) -> list[Result]:
    """What became of each: an error of one leaves the others as if it had never come."""
    try:
        with db.begin() as session:
            return _written(session, batch)
    except Exception as error:
        if len(batch) == 1 or isinstance(error, TROUBLE):
            return [error] * len(batch)
    return [commit(db, [append])[0] for append in batch]


def _written(session: Session, batch: Sequence[Append]) -> list[Result]:
    results: dict[int, Result] = {}
    alive = _touched(session, batch, results)
    moment = session.scalar(select(now())) or 0.0
    while alive:  # one append of each run at a time: a later one must see what an earlier one of the same run wrote
        together = {batch[place].run_id: place for place in reversed(alive)}
        points = {run_id: _points(batch[place], moment) for run_id, place in together.items()}
        try:
            appended = series.append_all(session, points, MOST_METRICS)
        except TooManyMetrics as error:
            what = f"takes at most {MOST_METRICS} metrics in one run; it has {error.held}, and {error.fresh} would be new"
            raise InvalidValue("/metrics", what) from error
        results |= {place: appended[run_id] for run_id, place in together.items()}
        alive = [place for place in alive if place not in results]
    return [results[place] for place in range(len(batch))]


def _touched(session: Session, batch: Sequence[Append], results: dict[int, Result]) -> list[int]:
    """The places of appends whose runs take them, those runs' rows locked and touched; `results` gets the errors of the others."""
    ids = {append.run_id for append in batch}
    # In the order of their ids: two processes that lock several runs must not wait for each other.
    query = select(Run.id, Run.origin, Run.state, Project.entity).join(Project, Project.id == Run.project_id).where(Run.id.in_(ids))
    query = query.where(Run.project_id != TRASH)
    found = {run.id: run for run in session.execute(query.order_by(Run.id).with_for_update(of=Run, key_share=True))}
    alive = []
    for place, append in enumerate(batch):
        run = found.get(append.run_id)
        if run is not None and append.entity in (None, run.entity) and run.origin == "client" and run.state in ("running", "crashed"):
            alive.append(place)
            continue
        try:
            runs.touch_client(session, runs.get(session, append.run_id, append.entity))
            alive.append(place)
        except (NotFound, Conflict) as error:  # the sentence that says what is wrong
            results[place] = error
    living = {batch[place].run_id for place in alive}
    touch = update(Run).where(Run.id.in_(living)).values(state="running", reason=None, heartbeat_at=now())
    session.execute(touch, execution_options={"synchronize_session": False})
    return alive


def _points(append: Append, moment: float) -> Points:
    return Points(append.steps, [moment] * len(append.steps) if append.times is None else append.times, append.metrics)


def _deliver(batch: Sequence[_Waiting], results: Sequence[Result]) -> None:
    for waiting, result in zip(batch, results, strict=True):
        if waiting.result.done():  # the caller has gone
            continue
        if isinstance(result, Exception):
            waiting.result.set_exception(result)
        else:
            waiting.result.set_result(result)
