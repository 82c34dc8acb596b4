"""Hearing doorbells: a Celery worker in threads of this process, whose one task wakes a slot."""

import threading
import time
from collections.abc import Callable

import structlog
from celery.worker import WorkController

from worker.celery_app import TASK, broker_queue, receiver

log = structlog.get_logger(__name__)

PAUSE_S = 5.0


class Doorkeeper:
    """Listens for as long as the process lives, through a broker that comes and goes. Stopping the process stops it."""

    def __init__(self, broker_url: str, node: str, queues: tuple[str, ...], slots: int, answer: Callable[[str], None]) -> None:
        self._app = receiver(broker_url, queues)
        self._queues = [broker_queue(name) for name in queues]
        self._node = node
        self._slots = slots
        self._answer = answer

    def start(self) -> None:
        self._app.task(self._hear, name=TASK, shared=False)
        self._app.set_default()  # the threads of Celery's pool look the task up in the default application
        threading.Thread(target=self._listen, name="doorkeeper", daemon=True).start()

    def _hear(self, run_id: str) -> None:
        self._answer(run_id)

    def _listen(self) -> None:
        while True:
            worker = WorkController(
                app=self._app,
                hostname=f"runtwice@{self._node}",
                pool_cls="threads",
                concurrency=self._slots,
                queues=self._queues,
                without_gossip=True,
                without_mingle=True,
                without_heartbeat=True,
            )
            log.info("listening for doorbells", queues=self._queues)
            worker.start()  # returns when something could not be repaired, which Celery has logged
            time.sleep(PAUSE_S)
