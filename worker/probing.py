"""Trying layers: a thread that takes one probe after another and gives it to a child of its own, whatever runs are trained beside it."""

import random
import threading
import time
from signal import SIGKILL

import structlog

from store import probes
from store.database import Database
from store.errors import DatasetNotFound
from store.probes import Taken
from trainer.content import Content
from trainer.events import Ended, Probed
from trainer.library import DatasetMissing
from worker.child import Order
from worker.children import Exited, Happening
from worker.endings import signal_name
from worker.fetching import DatasetShelf
from worker.nursery import CannotSpawn, Nursery
from worker.patience import PASSING

log = structlog.get_logger(__name__)

ENTRY = "trainer.trying:carry_out"
LOOK_EVERY_S = 0.5
LONGEST_S = 60.0
NO_GPU = {"CUDA_VISIBLE_DEVICES": ""}


class Probing:
    def __init__(
        self, db: Database, nursery: Nursery, node: str, stopping: threading.Event, entry: str = ENTRY, datasets: DatasetShelf | None = None
    ) -> None:
        self._db, self._nursery, self._node, self._stopping, self._entry, self._datasets = db, nursery, node, stopping, entry, datasets

    def start(self) -> None:
        threading.Thread(target=self.look, name="probes", daemon=True).start()

    def look(self) -> None:
        """Until the worker stops."""
        while not self._stopping.wait(LOOK_EVERY_S * random.uniform(0.8, 1.2)):  # noqa: S311  several workers should not look at once
            try:
                while self.work_one():
                    pass
            except PASSING as error:
                log.warning("the database does not answer; looking for probes again soon", error=str(error.__cause__ or error))
            except Exception:
                log.exception("a probe could not be recorded; its lease decides what becomes of it")

    def work_one(self) -> bool:
        """Whether there was a probe to work on."""
        if self._stopping.is_set():
            return False
        with self._db.read() as session:
            if not probes.is_there_one(session):
                return False
        with self._db.begin() as session:
            taken = probes.take(session, self._node)
        if taken is None:
            return False
        self._work(taken)
        return True

    def _work(self, taken: Taken) -> None:
        document, trouble, again = self._tried(taken)
        with self._db.begin() as session:
            if document is not None:
                probes.finish(session, taken, document)
            elif self._stopping.is_set():
                probes.release(session, taken)
            elif again:
                probes.give_back(session, taken, trouble)
            else:
                probes.fail(session, taken, trouble)
        if document is None:
            log.warning("a probe did not work", probe=taken.id, attempt=taken.attempt, reason=trouble)

    def _tried(self, taken: Taken) -> tuple[dict[str, object] | None, str, bool]:
        """What came out; else why nothing did, and whether another try may help."""
        given: dict[str, object] = {"probe": taken.request, "config": taken.config}
        content = (taken.config or {}).get("dataset", {}).get("content")
        try:
            if content is not None and self._datasets is not None:
                self._datasets.fetch(Content.model_validate(content))
                given["datasets"] = str(self._datasets.library.folder.resolve())
            child = self._nursery.spawn(Order(given, NO_GPU, self._entry))
        except CannotSpawn as error:
            return None, f"no process could be started for it: {error}", True
        except (DatasetMissing, DatasetNotFound, OSError) as error:
            return None, f"the run's data set could not be fetched to node {self._node}: {error}", True
        begun = time.monotonic()
        clock = threading.Timer(LONGEST_S, child.kill, (SIGKILL,))
        clock.start()
        try:
            happened = list(child.happenings())
        finally:
            clock.cancel()
        return _judged(happened, time.monotonic() - begun)


def _judged(happened: list[Happening], took_s: float) -> tuple[dict[str, object] | None, str, bool]:
    document = next((each.document for each in happened if isinstance(each, Probed)), None)
    ended = next((each for each in happened if isinstance(each, Ended)), None)
    exited = next(each for each in happened if isinstance(each, Exited))
    if document is not None and exited.code == 0:
        return document, "", False
    if took_s >= LONGEST_S:
        return None, f"it took longer than {LONGEST_S:g} s", False
    if ended is not None and ended.state == "failed":
        return None, ended.reason or "it failed", False
    if exited.code is not None and exited.code >= 0:
        return None, f"its process left with exit code {exited.code}", False
    how = f"was ended by {signal_name(-exited.code)}" if exited.code else "could not be watched to its end"
    return None, f"its process {how}", True
