"""What becomes of runs when workers, their parts and the broker are killed."""

import contextlib
import os
import signal
import sqlite3
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from servers import wait_until

from store import nodes

Make = Callable[..., Any]
LONG: dict[str, Any] = {"total_iterations": 3000, "model": {"norm": {"kind": "batch"}, "dropout": {"p": 0.2}}, "checkpoint_every_s": 0.2}
ENDLESS: dict[str, Any] = {"total_iterations": 10_000_000}


def exists(pid: int) -> bool:
    """Whether a process does something still."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] not in ("Z", "X")
    except (FileNotFoundError, ProcessLookupError):
        return False


def stop_between_transactions(worker: Any, service: Any) -> None:
    """SIGSTOP. A process that is stopped while it holds SQLite's one write lock would stop everybody."""
    while True:
        worker.process.send_signal(signal.SIGSTOP)
        with contextlib.closing(sqlite3.connect(service.url.removeprefix("sqlite:///"), timeout=0.5)) as connection:
            try:
                connection.execute("BEGIN IMMEDIATE")
            except sqlite3.OperationalError:
                worker.process.send_signal(signal.SIGCONT)
            else:
                connection.rollback()
                return


def kill_mid_run(service: Any, start_worker: Make, step: int) -> None:
    """A run whose worker is killed at about that step goes on from its checkpoint elsewhere and ends as one that was left alone, bit for bit."""
    workers = {name: start_worker(name) for name in ("n1", "n2")}
    alone, run = service.submit(**LONG), service.submit(**LONG)
    service.wait_for_step(run, step)
    if step:
        wait_until(lambda: service.checkpoints(run), 30, "a checkpoint")
    victim = service.now(run).node
    survivor = next(name for name in workers if name != victim)
    processes = [workers[victim].server_pid, *workers[victim].training_pids]

    workers[victim].process.kill()

    wait_until(lambda: not any(map(exists, processes)), 5, "the dead worker's processes to end")
    service.wait_for_end(alone, run)
    assert [(each.node, each.outcome) for each in service.attempts(alone)] == [(survivor, "finished")]
    assert [(each.node, each.outcome) for each in service.attempts(run)] == [(victim, "lost"), (survivor, "finished")]
    assert not step or service.attempts(run)[1].resumed_from > 0
    assert service.checkpoints(run) == []
    assert service.now(run).digests == service.now(alone).digests
    assert service.points(run) == service.points(alone)
    assert len(service.points(run)["train/loss"]) == LONG["total_iterations"]


class TestKilledWorker:
    def test_s_run_is_finished_by_another_with_the_same_bits(self, service: Any, start_worker: Make) -> None:
        kill_mid_run(service, start_worker, step=300)

    @pytest.mark.proof
    @pytest.mark.parametrize("step", [0, 250, 700, 1300, 1900])
    def test_at_any_step_makes_no_difference(self, service: Any, start_worker: Make, step: int) -> None:
        kill_mid_run(service, start_worker, step)


class TestKilledTraining:
    def test_process_is_tried_again(self, standing: Any) -> None:
        service, worker = standing
        run = service.submit(**LONG)
        service.wait_for_step(run, 100)

        os.kill(worker.training_pids[0], signal.SIGKILL)

        service.wait_for_end(run)
        assert service.now(run).state == "finished"
        assert [each.outcome for each in service.attempts(run)] == ["lost", "finished"]
        assert "SIGKILL" in service.attempts(run)[0].reason

    def test_fork_server_is_replaced_and_the_run_keeps_its_lease_while_the_next_one_loads(self, standing: Any) -> None:
        service, worker = standing
        run = service.submit(**LONG)
        service.wait_for_step(run, 100)

        os.kill(worker.server_pid, signal.SIGKILL)

        service.wait_for_end(run)
        assert service.now(run).state == "finished"
        assert [each.outcome for each in service.attempts(run)] == ["lost", "finished"]
        assert worker.process.poll() is None


class TestStoppedWorker:
    @pytest.mark.parametrize("by", [signal.SIGTERM, pytest.param(signal.SIGINT, marks=pytest.mark.proof)])
    def test_gives_its_run_back_and_leaves_no_process(self, service: Any, start_worker: Make, by: signal.Signals) -> None:
        worker = start_worker()
        run = service.submit(**ENDLESS)
        service.wait_for_step(run, 50)
        processes = [worker.server_pid, *worker.training_pids]

        worker.process.send_signal(by)

        assert worker.process.wait(10) == 0
        assert service.now(run).state == "queued"
        assert [each.outcome for each in service.attempts(run)] == ["released"]
        assert not any(map(exists, processes))

    def test_that_slept_through_its_lease_does_not_write_into_the_next_attempt(self, service: Any, start_worker: Make) -> None:
        asleep = start_worker("n1")
        run = service.submit(**LONG)
        service.wait_for_step(run, 100)

        stop_between_transactions(asleep, service)
        start_worker("n2")
        wait_until(lambda: service.now(run).attempt == 2, 30, "the takeover")
        asleep.process.send_signal(signal.SIGCONT)

        service.wait_for_end(run)
        assert service.now(run).state == "finished"
        assert [(each.node, each.outcome) for each in service.attempts(run)] == [("n1", "lost"), ("n2", "finished")]
        wait_until(lambda: "the lease was lost" in asleep.log.read_text())


class TestKilledBroker:
    def test_loses_nothing_queued(self, service: Any, start_worker: Make) -> None:
        before = [service.submit(total_iterations=50, seed=seed) for seed in range(3)]
        service.valkey.kill()
        during = [service.submit(total_iterations=50, seed=seed) for seed in range(3)]

        worker = start_worker()
        service.wait_for_end(*before, *during)
        service.valkey.start()
        after = service.submit(total_iterations=50)
        service.wait_for_end(after)

        assert {service.now(run).state for run in (*before, *during, after)} == {"finished"}
        assert worker.process.poll() is None

    def test_is_listened_to_again_when_it_comes_back_empty(self, standing: Any) -> None:
        service, worker = standing
        service.valkey.stop()
        service.valkey.root.mkdir()
        service.valkey.start()

        wait_until(lambda: service.queue.ring("no-such-run", "cpu"), 30, "the broker")
        wait_until(lambda: service.queue.waiting("cpu") == 0, 60, "the bell to be heard")

        assert worker.process.poll() is None


class TestWorker:
    def test_does_without_a_broker(self, service: Any, start_worker: Make) -> None:
        run = service.submit(total_iterations=50)

        start_worker(broker_url="")

        service.wait_for_end(run)
        assert service.now(run).state == "finished"

    def test_registers_itself_and_loads_no_torch(self, standing: Any) -> None:
        service, worker = standing

        with service.db.read() as session:
            node = nodes.get(session, "n7")
        assert (node.slots, node.queues) == (3, ["cpu"])
        assert node.versions["torch"]
        assert node.devices[0]["kind"] == "cpu"
        assert "libtorch" not in Path(f"/proc/{worker.process.pid}/maps").read_text()

    def test_two_share_the_queue(self, service: Any, start_worker: Make) -> None:
        start_worker("n1")
        start_worker("n2")

        waiting = [service.submit(total_iterations=300, seed=seed) for seed in range(8)]

        service.wait_for_end(*waiting)
        assert {service.now(run).state for run in waiting} == {"finished"}
        assert {service.now(run).node for run in waiting} == {"n1", "n2"}
        assert all(len(service.attempts(run)) == 1 for run in waiting)
