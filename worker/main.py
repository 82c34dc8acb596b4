"""The worker process: trains what is queued until it is told to stop. It never loads torch itself.

python -m worker          # settings come from RUNTWICE_* variables, see `runtwice settings`
"""

import os
import signal
import socket
import sys
import threading
from collections.abc import Mapping, Sequence
from importlib.util import find_spec
from typing import Any

import structlog

from store import lifecycle, migrate
from store.artifacts import ArtifactFiles
from store.checkpoint_files import checkpoint_files
from store.database import Database, connect
from store.settings import Settings
from trainer import extensions
from worker import logs, machine
from worker.enqueue import TrainingQueue
from worker.fetching import DatasetShelf
from worker.herald import Herald
from worker.nursery import Nursery
from worker.patience import patiently
from worker.probing import Probing
from worker.reaper import ReaperThread
from worker.register import Registration
from worker.scratch import scratch
from worker.slots import Lane, Slots
from worker.supervise import Shop
from worker.tasks import Doorkeeper

log = structlog.get_logger(__name__)

LOOK_EVERY_S = 1.0
LOOK_WITHOUT_BELL_EVERY_S = 0.25
TIME_TO_RELEASE_S = 2.0


def main(settings: Settings) -> int:
    """The exit code, once the worker was told to stop and has given its runs back to the queue."""
    logs.configure(settings.log_level)
    if find_spec("torch") is None:
        return _refuse("This worker needs PyTorch: pip install 'runtwice[worker]'.")
    devices = machine.devices()
    lanes = lanes_for(settings, [device for device in devices if device["kind"] == "cuda"])
    if not lanes:
        return _refuse(f"This worker was told to serve {settings.queues!r}, but there is no NVIDIA GPU that nvidia-smi knows of.")
    stopping = _set_by_signals()
    node = settings.node or socket.gethostname()
    slots_count = sum(lane.slots for lane in lanes)
    db = connect(settings.database, pool_size=slots_count + 5)
    db.on_written.append(Herald(settings.broker_url).tell)
    queue = TrainingQueue(settings.broker_url)
    with scratch(settings.data_dir / "scratch", node) as mine:
        files = ArtifactFiles(settings.artifacts_dir)
        kept = checkpoint_files(settings)
        datasets = DatasetShelf(db, files, settings.datasets_dir, settings.dataset_cache_bytes)
        shop = Shop(db, files, kept, queue, Nursery(), mine.folder, settings.threads, settings.max_attempts, stopping, datasets=datasets)
        slots = Slots(shop, node, lanes, settings.lease_s, LOOK_EVERY_S if settings.broker_url else LOOK_WITHOUT_BELL_EVERY_S)
        registration = Registration(node, slots.queues, slots_count, devices, machine.versions())
        trouble = patiently(lambda: _trouble_with(db), stopping)
        if trouble:
            return _refuse(trouble)
        if mine.follows_a_death:
            patiently(lambda: _take_back(shop, node), stopping)
        _serve(settings, slots, registration)
    return 0


def _serve(settings: Settings, slots: Slots, registration: Registration) -> None:
    shop = slots.shop
    patiently(lambda: registration.begin(shop.db), shop.stopping)
    threading.Thread(target=registration.repeat, args=(shop.db, shop.stopping), daemon=True).start()
    shop.nursery.start()  # loading torch takes seconds: this worker is known by then, and takes runs once it can train them
    while not shop.nursery.wait_until_ready(0.1):
        if shop.stopping.is_set():
            break
    reaper = ReaperThread(shop.db, shop.queue, settings)
    reaper.start()
    threading.Thread(target=slots.look, daemon=True).start()
    Probing(shop.db, shop.nursery, registration.node, shop.stopping, datasets=shop.datasets).start()
    if settings.broker_url:
        Doorkeeper(settings.broker_url, registration.node, (*slots.queues, f"node.{registration.node}"), slots.count, slots.answer).start()
    for broken in extensions.BROKEN:
        log.error("an extension cannot be used", what=broken.what, name=broken.name, package=broken.package, reason=broken.reason)
    log.info("worker ready", node=registration.node, slots=slots.count, queues=slots.queues, pid=os.getpid())
    shop.stopping.wait()
    log.info("worker stopping")
    shop.nursery.close()
    slots.wait_until_free(TIME_TO_RELEASE_S)
    reaper.stop()
    log.info("worker stopped")


def _take_back(shop: Shop, node: str) -> None:
    """An earlier worker of this node died: its runs need not wait for their leases to run out."""
    with shop.db.begin() as session:
        lost = lifecycle.lose_node(session, node, shop.max_attempts)
    for each in lost:
        log.warning("a run lost its worker", run=each.run_id, attempt=each.attempt, now=each.state)


def lanes_for(settings: Settings, gpus: Sequence[Mapping[str, Any]]) -> tuple[Lane, ...]:
    """A slot per GPU for the queues that begin with cuda, a slot per core for the others; `settings.slots` says otherwise."""
    names = [name.strip() for name in settings.queues.split(",") if name.strip()] or (["cuda", "cpu"] if gpus else ["cpu"])
    for_gpus, for_cores = [name for name in names if name.startswith("cuda")], [name for name in names if not name.startswith("cuda")]
    lanes = []
    if for_gpus and gpus:
        count = (not for_cores and settings.slots) or len(gpus)
        lanes.append(Lane(for_gpus, [{"CUDA_VISIBLE_DEVICES": str(gpus[i % len(gpus)]["uuid"])} for i in range(count)]))
    if for_cores:
        lanes.append(Lane(for_cores, [{"CUDA_VISIBLE_DEVICES": ""}] * (settings.slots or machine.cores())))
    return tuple(lanes)


def _trouble_with(db: Database) -> str:
    """Empty when the database has the tables this program needs."""
    held, needed = migrate.current(db), migrate.head()
    return "" if held == needed else f"The database is at version {held or 'none'}, this worker needs {needed}: run `runtwice migrate` first."


def _set_by_signals() -> threading.Event:
    stopping = threading.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: stopping.set())
    return stopping


def _refuse(sentence: str) -> int:
    sys.stderr.write(f"{sentence}\n")
    return 1
