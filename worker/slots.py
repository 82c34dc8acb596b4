"""How many runs train here at once, and which run a free slot takes next."""

import queue
import random
import threading
import time
from collections.abc import Sequence
from dataclasses import dataclass

import structlog

from store import lifecycle
from store.lifecycle import Claim
from worker.patience import PASSING
from worker.supervise import Shop, supervise

log = structlog.get_logger(__name__)


class Lane:
    """Slots that serve the same queues. A slot is the environment of its children: a GPU's shows them that GPU alone."""

    def __init__(self, queues: Sequence[str], slots: Sequence[dict[str, str]]) -> None:
        self.queues = tuple(queues)
        self.slots = len(slots)
        self._free: queue.SimpleQueue[dict[str, str]] = queue.SimpleQueue()
        for slot in slots:
            self._free.put(slot)

    def take(self) -> dict[str, str] | None:
        try:
            return self._free.get_nowait()
        except queue.Empty:
            return None

    @property
    def is_free(self) -> bool:
        return self._free.qsize() == self.slots

    def give_back(self, slot: dict[str, str]) -> None:
        self._free.put(slot)


@dataclass(frozen=True)
class Slots:
    shop: Shop
    node: str
    lanes: tuple[Lane, ...]
    lease_s: float
    look_every_s: float

    @property
    def count(self) -> int:
        return sum(lane.slots for lane in self.lanes)

    @property
    def queues(self) -> tuple[str, ...]:
        return tuple(name for lane in self.lanes for name in lane.queues)

    def answer(self, run_id: str) -> None:
        """A doorbell: train that run if it still waits, else the next one, and go on while there is work. No free slot: nothing."""
        for wanted in (run_id, None):
            for lane in self.lanes:
                taken = self._take(lane, wanted)
                if taken is not None:
                    self._train(lane, *taken)
                    return

    def look(self) -> None:
        """Until the worker stops: whatever became of the doorbells, idle slots find waiting runs by themselves."""
        while not self.shop.stopping.wait(self.look_every_s * random.uniform(0.8, 1.2)):  # noqa: S311  several workers should not look at once
            for lane in self.lanes:
                while (taken := self._take(lane)) is not None:
                    threading.Thread(target=self._train, args=(lane, *taken), name="slot", daemon=True).start()

    def wait_until_free(self, timeout_s: float) -> bool:
        """Whether every slot has given up its run in time."""
        until = time.monotonic() + timeout_s
        while not all(lane.is_free for lane in self.lanes):
            if time.monotonic() > until:
                return False
            time.sleep(0.01)
        return True

    def _take(self, lane: Lane, run_id: str | None = None) -> tuple[dict[str, str], Claim] | None:
        """A free slot and a run for it."""
        slot = lane.take()
        if slot is None:
            return None
        claim = self._claim(lane, run_id)
        if claim is None:
            lane.give_back(slot)
            return None
        return slot, claim

    def _train(self, lane: Lane, slot: dict[str, str], first: Claim) -> None:
        claim: Claim | None = first
        try:
            while claim is not None:
                supervise(self.shop, claim, slot)
                claim = self._claim(lane)
        except Exception:
            log.exception("a slot gave up its run; the lease decides what becomes of it")
        finally:
            lane.give_back(slot)

    def _claim(self, lane: Lane, run_id: str | None = None) -> Claim | None:
        if self.shop.stopping.is_set():
            return None
        try:
            with self.shop.db.begin() as session:
                return lifecycle.claim(session, self.node, lane.queues, self.lease_s, run_id)
        except PASSING as error:
            log.warning("the database does not answer; looking again soon", error=str(error.__cause__ or error))
        except Exception:  # such as a config that this version does not know: a slot must not die of it
            log.exception("no run could be claimed")
        return None
