"""One attempt at a run, from the claim to its end: start the child, record what it tells, keep the lease, stop it when asked."""

import contextlib
import shutil
import tempfile
import threading
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor, wait
from dataclasses import dataclass, field
from pathlib import Path
from signal import SIGKILL, SIGTERM
from typing import Any

import structlog

from store import checkpoints, lifecycle
from store.artifacts import ArtifactFiles
from store.checkpoint_files import CheckpointFiles
from store.database import Database
from store.errors import LeaseLost
from store.lifecycle import Claim
from worker.buffer import Buffer
from worker.child import TRAIN, Order, reason_of
from worker.children import Child, Exited
from worker.endings import Ending, ending
from worker.enqueue import TrainingQueue
from worker.fetching import DatasetShelf
from worker.nursery import CannotSpawn, Nursery
from worker.patience import PASSING, patiently
from worker.recorder import Recorder

log = structlog.get_logger(__name__)

FLUSH_EVERY_S = 0.25
HEARTBEAT_S = 1.0
TIME_TO_OBEY_S = 2.0


@dataclass(frozen=True)
class Shop:
    """What every attempt on this worker works with."""

    db: Database
    files: ArtifactFiles
    checkpoint_files: CheckpointFiles
    queue: TrainingQueue
    nursery: Nursery
    scratch: Path
    threads: int
    max_attempts: int
    stopping: threading.Event = field(default_factory=threading.Event)
    entry: str = TRAIN
    datasets: DatasetShelf | None = None


def supervise(shop: Shop, claim: Claim, environment: dict[str, str]) -> None:
    """Train the claimed run to its end, whatever that is. Raises what the database raises when it is still away as the worker stops."""
    words = log.bind(run=claim.run_id, attempt=claim.attempt)
    words.info("attempt begins", node=claim.node)
    recorder = Recorder(shop.db, claim, shop.checkpoint_files)
    try:
        with _scratch_folder(shop.scratch) as folder:
            outcome = _without_data(shop, recorder) or _train(shop, claim, recorder, _order(shop, claim, folder, environment))
            doorbell = patiently(lambda: _record(shop, recorder, outcome), shop.stopping)
    except LeaseLost:
        words.warning("the lease was lost; another attempt has the run")
        return
    except PASSING:
        raise
    except Exception as error:
        words.exception("the attempt could not be recorded")
        outcome = Ending("lose", "queued", f"the worker could not record it: {reason_of(error)}")
        doorbell = patiently(lambda: _give_up(shop, claim, str(outcome.reason)), shop.stopping)
    words.info("attempt ended", outcome=outcome.state, reason=outcome.reason)
    if doorbell is not None:
        shop.queue.ring(claim.run_id, doorbell)
    else:
        with contextlib.suppress(OSError):  # else the keeper does it
            shop.checkpoint_files.remove_run(claim.run_id)


def _order(shop: Shop, claim: Claim, folder: Path, environment: dict[str, str]) -> Order:
    if ":" in claim.config.device:  # a GPU named by its number: it is found among all
        environment = {name: value for name, value in environment.items() if name != "CUDA_VISIBLE_DEVICES"}
    resume_from = [str(file) for file in _checkpoints(shop, claim, folder)]
    given: dict[str, Any] = {
        "config": claim.config.model_dump(mode="json"),
        "out_dir": str(folder),
        "threads": shop.threads,
        "resume_from": resume_from,
    }
    if claim.config.dataset.content is not None and shop.datasets is not None:
        given["datasets"] = str(shop.datasets.library.folder.resolve())
    return Order(given, environment, shop.entry)


def _checkpoints(shop: Shop, claim: Claim, folder: Path) -> Iterator[Path]:
    """What earlier attempts left to go on from, newest first."""
    with shop.db.read() as session:
        names = [each.name for each in checkpoints.of_run(session, claim.run_id)]
    for name in names:
        try:
            yield shop.checkpoint_files.fetch(claim.run_id, name, folder / "resume")
        except OSError as error:
            log.warning("a checkpoint could not be fetched", run=claim.run_id, name=name, error=str(error))


def _without_data(shop: Shop, recorder: Recorder) -> Ending | None:
    """None once the run's data set is on this node; else how the attempt ends. The lease is kept while it is fetched. Raises LeaseLost."""
    content = recorder.claim.config.dataset.content
    if content is None or shop.datasets is None or shop.datasets.has(content):
        return None
    with ThreadPoolExecutor(1, thread_name_prefix="fetch") as thread:
        fetched = thread.submit(shop.datasets.fetch, content)
        while not wait([fetched], _heartbeat_s(recorder)).done:
            patiently(recorder.flush, shop.stopping)
    error = fetched.exception()
    if error is None:
        return None
    log.warning("a data set could not be fetched", run=recorder.claim.run_id, digest=content.digest, error=str(error))
    return Ending("lose", "queued", f"its data set could not be fetched to node {recorder.claim.node}: {reason_of(error)}")


def _train(shop: Shop, claim: Claim, recorder: Recorder, order: Order) -> Ending:
    try:
        child = shop.nursery.spawn(order, lambda: _stay(shop, recorder), _heartbeat_s(recorder))
    except CannotSpawn as error:
        return ending(Exited(None, str(error)), None, cancelled=False, stopping=shop.stopping.is_set())
    buffer = Buffer()
    reader = threading.Thread(target=buffer.fill, args=(child.happenings(),), name=f"reader {claim.run_id}", daemon=True)
    reader.start()
    try:
        exited, cancelled = _watch(shop, recorder, child, buffer)
    finally:
        child.kill(SIGKILL)
        buffer.throw_away()
        reader.join()
    return ending(exited, recorder.ended, cancelled=cancelled, stopping=shop.stopping.is_set(), last_words=recorder.last_words)


def _stay(shop: Shop, recorder: Recorder) -> None:
    """Keep the lease while the fork server, which somebody killed, loads torch again. Raises CannotSpawn when the worker stops, and LeaseLost."""
    if shop.stopping.is_set():
        raise CannotSpawn("the worker is stopping")
    patiently(recorder.flush, shop.stopping)


def _heartbeat_s(recorder: Recorder) -> float:
    return min(HEARTBEAT_S, recorder.claim.lease_s / 4)


def _watch(shop: Shop, recorder: Recorder, child: Child, buffer: Buffer) -> tuple[Exited, bool]:
    """Record until the child has ended. Returns how, and whether it was asked to because somebody cancelled the run. Raises LeaseLost."""
    heartbeat_s = _heartbeat_s(recorder)
    cancelled_at: float | None = None
    while True:
        recorder.add(buffer.take(heartbeat_s))
        if recorder.exited is not None:
            return recorder.exited, cancelled_at is not None
        cancel = patiently(recorder.flush, shop.stopping)
        if shop.stopping.is_set():
            child.kill(SIGKILL)
        elif cancel and cancelled_at is None:
            cancelled_at = time.monotonic()
            child.kill(SIGTERM)
        elif cancelled_at is not None and time.monotonic() - cancelled_at > TIME_TO_OBEY_S:
            child.kill(SIGKILL)
        if recorder.has_points:  # the first point does not wait
            buffer.ended.wait(FLUSH_EVERY_S)


def _record(shop: Shop, recorder: Recorder, outcome: Ending) -> str | None:
    """The queue to ring when the run is queued again."""
    if outcome.verb == "finish":
        recorder.finish(outcome.state, outcome.reason, shop.files)
        return None
    if outcome.verb == "release":
        return recorder.release(outcome.reason or "")
    lost = recorder.lose(outcome.reason or "", shop.max_attempts)
    return lost.doorbell if lost.state == "queued" else None


def _give_up(shop: Shop, claim: Claim, reason: str) -> str | None:
    """The same, with nothing of the record but the reason."""
    try:
        with shop.db.begin() as session:
            lost = lifecycle.lose(session, claim, reason, shop.max_attempts)
    except LeaseLost:
        return None
    return lost.doorbell if lost.state == "queued" else None


@contextlib.contextmanager
def _scratch_folder(parent: Path) -> Iterator[Path]:
    folder = Path(tempfile.mkdtemp(dir=parent))  # mode 0700
    try:
        yield folder
    finally:
        shutil.rmtree(folder, ignore_errors=True)
